/**
 * A worker that misbehaves on files by their names and is a real one otherwise. A native crash and a hang look to the
 * pool the same whoever causes them, so these stand in for the libraries' own.
 *
 * - `crash-mediainfo…`, `crash-libmagic…`, `crash-hashing…`: dies while that is still asked for
 * - `hang-mediainfo…`, `hang-hashing…`: makes a file `<name>.hangs`, then runs no JavaScript any more
 * - `spin-mediainfo…`: computes for ever while that is still asked for, and ends where its time is over
 * - `crash-once…`: dies unless the file `<name>.crashed` is there, and makes it
 */
import { existsSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { endAfterComputing } from '../../sandbox/limits.ts'
import type { Trial } from '../extract.ts'
import type { Effort } from '../identify.ts'
import { prepareWorker } from '../prepare-worker.ts'
import { serveJobs } from '../serve-jobs.ts'

const EFFORTS_AFFECTED: Record<string, readonly Effort[]> = {
  mediainfo: ['full'],
  libmagic: ['full', 'without-mediainfo'],
  hashing: ['full', 'without-mediainfo', 'hash-only'],
}

serveJobs(() => {
  const { extract, versions } = prepareWorker()
  return {
    versions,
    extract: (file, trial) => {
      misbehave(file.path, trial)
      return extract(file, trial)
    },
  }
})

function misbehave(path: string, { effort, computingMs }: Trial): void {
  const [, fault, place] = /^(crash|hang|spin)-([a-z]+)/.exec(basename(path)) ?? []
  if (fault === undefined || place === undefined) return
  if (place === 'once') {
    if (existsSync(`${path}.crashed`)) return
    writeFileSync(`${path}.crashed`, '')
    die()
  }
  if (!EFFORTS_AFFECTED[place]?.includes(effort)) return
  if (fault === 'crash') die()
  if (fault === 'spin') {
    endAfterComputing(computingMs / 1000)
    for (;;);
  }
  writeFileSync(`${path}.hangs`, '')
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
}

function die(): never {
  process.kill(process.pid, 'SIGSEGV')
  throw new Error('still alive')
}
