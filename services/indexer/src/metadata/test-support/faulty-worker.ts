/**
 * A real worker that misbehaves on files by their names. To the pool a native crash or a hang looks the same whatever
 * causes it, so these stand in for the libraries' own.
 *
 * - `crash-mediainfo…`, `crash-measuring…`, `crash-libmagic…`, `crash-hashing…`: dies unless that step is left out
 * - `hang-mediainfo…`, `hang-hashing…`: makes a file `<name>.hangs`, then runs no JavaScript any more
 * - `spin-mediainfo…`: computes for ever unless that step is left out, and ends when its time is over
 * - `crash-once…`: dies unless the file `<name>.crashed` is there, and makes it
 */
import { existsSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { endAfterComputing } from '../../sandbox/limits.ts'
import type { Extract, FileToRead, Trial } from '../extract.ts'
import { EFFORTS, type Effort } from '../identify.ts'
import { prepareWorker } from '../prepare-worker.ts'
import { serveJobs } from '../serve-jobs.ts'
import type { Step, WorkNote } from '../work-at.ts'

const STEPS: Readonly<Record<string, readonly [Step, affected: readonly Effort[]]>> = {
  mediainfo: ['mediainfo', ['full']],
  measuring: ['measuring', ['full', 'without-mediainfo']],
  libmagic: ['libmagic', ['full', 'without-mediainfo', 'type-only']],
  hashing: ['reading', EFFORTS],
}

serveJobs(() => {
  const { extract, versions, note } = prepareWorker()
  const faulty = (file: FileToRead, trial: Trial, holdsBack = false) => {
    const fault = faultOf(file.path)
    if (fault?.place === 'mediainfo' && holdsBack) return null
    if (fault !== null) misbehave(file.path, fault, trial, note)
    return extract(file, trial, holdsBack)
  }
  return { versions, extract: faulty as Extract, note }
})

type Fault = { readonly fault: string; readonly place: string }

function faultOf(path: string): Fault | null {
  const [, fault, place] = /^(crash|hang|spin)-([a-z]+)/.exec(basename(path)) ?? []
  return fault === undefined || place === undefined ? null : { fault, place }
}

function misbehave(path: string, { fault, place }: Fault, { effort, computingMs }: Trial, note: WorkNote): void {
  if (place === 'once') {
    if (existsSync(`${path}.crashed`)) return
    writeFileSync(`${path}.crashed`, '')
    die()
  }
  const [step, affected] = STEPS[place] ?? ['reading', []]
  if (!affected.includes(effort)) return
  note.step(step)
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
