/**
 * A worker that misbehaves on files by their names and is a real one otherwise. A native crash and a hang look to the
 * pool the same whoever causes them, so these stand in for the libraries' own.
 *
 * - `crash-mediainfo…`, `crash-libmagic…`, `crash-hashing…`: dies while that is still asked for
 * - `hang-mediainfo…`, `hang-hashing…`: makes a file `<name>.hangs`, then runs no JavaScript any more
 * - `crash-once…`: dies unless the file `<name>.crashed` is there, and makes it
 */
import { existsSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
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
      misbehave(file.path, trial.effort)
      return extract(file, trial)
    },
  }
})

function misbehave(path: string, effort: Effort): void {
  const [, fault, place] = /^(crash|hang)-([a-z]+)/.exec(basename(path)) ?? []
  if (fault === undefined || place === undefined) return
  if (place === 'once') {
    if (existsSync(`${path}.crashed`)) return
    writeFileSync(`${path}.crashed`, '')
    die()
  }
  if (!EFFORTS_AFFECTED[place]?.includes(effort)) return
  if (fault === 'crash') die()
  writeFileSync(`${path}.hangs`, '')
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
}

function die(): never {
  process.kill(process.pid, 'SIGSEGV')
  throw new Error('still alive')
}
