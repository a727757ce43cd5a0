/** Reports that too many files are open, in the log and as a problem while it lasts. */
import type { Logger } from '@drive-feed/shared/logger.ts'
import { problemText } from '@drive-feed/shared/problem.ts'
import { ALLOW_OPEN_FILES } from './open-files.ts'
import type { Noticed } from './problem-keeper.ts'

export const TOO_MANY_OPEN = 'too many files are open'
const SAID = problemText(`${TOO_MANY_OPEN}; folders are looked at when there is room again`, ALLOW_OPEN_FILES, '. ')

/** The log has it no more often than this. The problem ends when no look met it for as long. */
const LASTS_MS = 60_000

export type Exhaustion = {
  /** To be called when a look met it. */
  readonly report: (problem: string) => void
  readonly noticed: () => Noticed[]
}

export function createExhaustion(tools: {
  readonly nowMs: () => number
  readonly wallMs: () => number
  readonly log: Logger
}): Exhaustion {
  const { log, nowMs, wallMs } = tools
  let saidMs = Number.NEGATIVE_INFINITY
  let lastMs = Number.NEGATIVE_INFINITY
  let sinceMs = 0
  const isNow = () => nowMs() - lastMs < LASTS_MS
  return {
    report: (problem) => {
      if (!isNow()) sinceMs = Math.floor(wallMs())
      lastMs = nowMs()
      if (nowMs() - saidMs < LASTS_MS) return
      saidMs = nowMs()
      log.warn({ problem }, SAID.message)
    },
    noticed: () => (isNow() ? [{ code: 'open_files', root: null, text: SAID.text, fix: SAID.fix, sinceMs }] : []),
  }
}
