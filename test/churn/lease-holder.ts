/**
 * Holds leases on files (fcntl(2), F_SETLEASE), as Samba does for its clients: whoever opens such a file waits, or gets
 * EAGAIN, until it is given back. A process of its own, since the one that takes it must not wait for itself. Each line
 * of its input is JSON, a `LeaseRequest`. Ends with its input.
 */
import { closeSync, constants, openSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { pathForFs } from '@drive-feed/shared/entry-name.ts'
import { dieWithParent } from '../../services/indexer/src/metadata/die-with-parent.ts'
import { giveBackLease, takeLease } from '../support/writer-calls.ts'
import type { LeaseRequest } from './leases.ts'

/** Nobody asked for it: it is not held for good. */
const HELD_MS = 3_000
/** Ms until they are given back when somebody asks, by descriptor. */
const held = new Map<number, number>()

dieWithParent()
// The kernel's way of asking. It does not say for which of them.
process.on('SIGIO', () => {
  for (const [fd, ms] of held) setTimeout(giveBack, ms, fd)
})
createInterface({ input: process.stdin }).on('line', (line) => {
  const { path, returnMs } = JSON.parse(line) as LeaseRequest
  try {
    // Not for writing: its close would be one of a writer.
    const fd = openSync(pathForFs(path), constants.O_RDONLY | constants.O_NONBLOCK)
    if (!takeLease(fd)) return closeSync(fd)
    held.set(fd, returnMs)
    setTimeout(giveBack, HELD_MS, fd)
  } catch {
    // It is gone again, or somebody has it open.
  }
})

function giveBack(fd: number): void {
  if (!held.delete(fd)) return
  giveBackLease(fd)
  closeSync(fd)
}
