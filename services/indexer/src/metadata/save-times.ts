/** Says when results are stored: together, for one disk flush. */

/** At the end of the turn when this many have come, otherwise this time after the ones before. */
const SAVE_MAX = 1024
const SAVE_AFTER_MS = 25
/** The same while other files are in work. Fewer transactions leave more of the processor to the workers. */
const SAVE_BUSY_AFTER_MS = 100

export type SaveTimes = {
  /** To be called when there are results to store. `isBusy`: whether other files are in work. */
  readonly soon: (results: number, isBusy: boolean) => void
  /** To be called when results are stored. */
  readonly saving: () => void
  readonly stop: () => void
}

export function createSaveTimes(save: () => void, nowMs: () => number): SaveTimes {
  let timer: NodeJS.Timeout | undefined
  let atEndOfTurn: NodeJS.Immediate | undefined
  let savedMs = Number.NEGATIVE_INFINITY
  const stop = () => {
    clearTimeout(timer)
    clearImmediate(atEndOfTurn)
    atEndOfTurn = undefined
  }
  return {
    soon: (results, isBusy) => {
      if (results >= SAVE_MAX) atEndOfTurn ??= setImmediate(save)
      if (results === 0 || atEndOfTurn !== undefined) return
      clearTimeout(timer)
      const dueMs = savedMs + (isBusy ? SAVE_BUSY_AFTER_MS : SAVE_AFTER_MS)
      timer = setTimeout(save, Math.max(0, dueMs - nowMs()))
    },
    saving: () => {
      stop()
      savedMs = nowMs()
    },
    stop,
  }
}
