/**
 * Holds leases on files (fcntl(2), F_SETLEASE), as Samba does for its clients: a program that opens such a file waits,
 * or gets EAGAIN, until the lease is released. This is a process of its own, since a holder must not wait for itself.
 * Each line of its input is a `LeaseRequest` as JSON. It ends with its input.
 */
import { closeSync, constants, openSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { pathForFs } from '@drive-feed/shared/entry-name.ts'
import { dieWithParent } from '../../services/indexer/src/metadata/die-with-parent.ts'
import { giveBackLease, takeLease } from '../support/writer-calls.ts'
import type { LeaseRequest } from './leases.ts'

/** A lease that nobody asks for is released after this time. */
const HELD_MS = 3_000
/** By descriptor: ms until a lease is released after it was asked for. */
const held = new Map<number, number>()

dieWithParent()
// The kernel asks by this signal, and does not say for which lease.
process.on('SIGIO', () => {
  for (const [fd, ms] of held) setTimeout(giveBack, ms, fd)
})
createInterface({ input: process.stdin }).on('line', (line) => {
  const { path, returnMs } = JSON.parse(line) as LeaseRequest
  try {
    // Not for writing: the close would count as a writer's.
    const fd = openSync(pathForFs(path), constants.O_RDONLY | constants.O_NONBLOCK)
    if (!takeLease(fd)) return closeSync(fd)
    held.set(fd, returnMs)
    setTimeout(giveBack, HELD_MS, fd)
  } catch {
    // The file is gone again, or a program has it open.
  }
})

function giveBack(fd: number): void {
  if (!held.delete(fd)) return
  giveBackLease(fd)
  closeSync(fd)
}
