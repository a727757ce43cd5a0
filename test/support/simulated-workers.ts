/**
 * Workers without processes, on a simulated clock. They show exactly how long a file waits in a pool for files that
 * crash or loop.
 */

import type { Trial } from '../../services/indexer/src/metadata/extract.ts'
import type { MetadataJob } from '../../services/indexer/src/metadata/metadata-job.ts'
import type { Step, WorkAt } from '../../services/indexer/src/metadata/work-at.ts'
import { encodeAnswers } from '../../services/indexer/src/metadata/worker-message.ts'
import type { Launch } from '../../services/indexer/src/metadata/worker-process.ts'

export const VERSIONS = { libmagic: '', magicDatabase: '', mediaInfo: '', rules: '' }

/** How long a start and a small file take on a machine that has nothing else to do. Milliseconds. */
const START_MS = 350
const FILE_MS = 1

export type Simulation = {
  readonly launch: Launch
  readonly nowMs: () => number
  /** Runs until the condition is true, or nothing happens any more. */
  readonly runUntil: (isSo: () => boolean) => void
  /** Runs until this time. */
  readonly wait: (untilMs: number) => void
  /** Counts of processes so far. */
  readonly counts: { started: number; died: number; atMost: number }
}

/** How long a trial reads a file, and whether the process then dies over it. `step` is what the process is at. */
export type Behaviour = (
  path: string,
  trial: Trial,
) => { readonly ms: number; readonly dies: boolean; readonly step: Step }

export function simulateWorkers(behaviour: Behaviour, knowsWhereItIs = true): Simulation {
  const counts = { started: 0, died: 0, atMost: 0 }
  const events: { readonly atMs: number; readonly happen: () => void }[] = []
  let nowMs = 0
  let alive = 0
  const later = (ms: number, happen: () => void) => {
    events.push({ atMs: nowMs + ms, happen })
    events.sort((a, b) => a.atMs - b.atMs)
  }
  const launch: Launch = (_module, worker) => {
    counts.started += 1
    alive += 1
    counts.atMost = Math.max(counts.atMost, alive)
    let isOver = false
    let messages = 0
    const queue: { readonly paths: readonly string[]; readonly trial: Trial }[] = []
    const end = (reason: string, at: WorkAt | null) => {
      if (isOver) return
      isOver = true
      alive -= 1
      worker.onEnd(reason, knowsWhereItIs ? at : null)
    }
    /** Reads these rows of the first message one after the other, and gives `done` those that were read. */
    const read = (rows: readonly number[], done: (rows: readonly number[]) => void, before: readonly number[] = []) => {
      const [row, ...others] = rows
      if (isOver) return
      if (row === undefined) return done(before)
      const { paths, trial } = queue[0] as (typeof queue)[number]
      const { ms, dies, step } = behaviour(paths[row] as string, trial)
      later(ms + FILE_MS, () => {
        if (!dies) return read(others, done, [...before, row])
        counts.died += 1
        end('computed for too long', { message: messages, row, step })
      })
    }
    const answer = (rows: readonly number[], files: number) => {
      const metadata = {
        hash: 'h',
        mimeType: 'video/x',
        isImage: false,
        isVideo: true,
        width: 0,
        height: 0,
        msDuration: 0,
      }
      const extraction = { kind: 'done', metadata, problem: null } as const
      if (rows.length > 0)
        worker.onAnswers(
          encodeAnswers(
            rows.map((row) => ({ row, extraction })),
            files,
          ),
        )
    }
    const serve = () => {
      const [message] = queue
      if (message === undefined) return
      messages += 1
      const { paths, trial } = message
      const isHeldBack = (row: number) =>
        paths.length > 1 && behaviour(paths[row] as string, trial).step === 'mediainfo'
      const rows = [...paths.keys()]
      const readLast = ([row, ...others]: readonly number[]): void => {
        if (row === undefined) {
          queue.shift()
          serve()
        } else {
          read([row], () => {
            answer([row], paths.length)
            readLast(others)
          })
        }
      }
      read(
        rows.filter((row) => !isHeldBack(row)),
        (done) => {
          answer(done, paths.length)
          readLast(rows.filter(isHeldBack))
        },
      )
    }
    later(START_MS, () => {
      if (!isOver) worker.onReady(VERSIONS)
    })
    return {
      pid: null,
      send: ({ paths, trial }) => {
        queue.push({ paths, trial })
        if (queue.length === 1) serve()
      },
      dismiss: () => later(0, () => end('ended with exit code 0', null)),
      kill: () => end('killed by SIGKILL', null),
      abandon: () => {},
    }
  }
  return {
    launch,
    counts,
    nowMs: () => nowMs,
    wait: (untilMs) => {
      while (events[0] !== undefined && events[0].atMs <= untilMs) {
        const { atMs, happen } = events.shift() as (typeof events)[number]
        nowMs = atMs
        happen()
      }
      nowMs = untilMs
    },
    runUntil: (isSo) => {
      for (let event = events.shift(); event !== undefined; event = events.shift()) {
        nowMs = event.atMs
        event.happen()
        if (isSo()) return
      }
    },
  }
}

export function jobNamed(name: string, size = 1_000): MetadataJob {
  return { nodeId: name, root: '/r', path: `/r/${name}`, deviceNumber: '', inode: name, size, mtime: 0 }
}
