/** How long to wait before starting workers again if they end before they are ready, so that this is never a loop. */

export type RestartDelay = {
  /** Whether a worker may be started now, when `starting` others are just starting. */
  readonly allows: (starting: number) => boolean
  readonly failed: (reason: string) => void
  readonly succeeded: () => void
  readonly cancel: () => void
}

const FIRST_MS = 500
const LONGEST_MS = 60_000

/**
 * The delay doubles from half a second to a minute, and only one worker tries until one succeeds. A reason is reported
 * once, not at each attempt. `onOver` is called when it is time for the next attempt.
 */
export function createRestartDelay(report: (problem: string) => void, onOver: () => void): RestartDelay {
  let failures = 0
  let reported = ''
  let timer: NodeJS.Timeout | undefined
  return {
    allows: (starting) => timer === undefined && (failures === 0 || starting === 0),
    failed: (reason) => {
      if (reason !== reported) report(`metadata workers can't start: ${reason}`)
      reported = reason
      // Workers that were started together fail together, which is one attempt.
      if (timer !== undefined) return
      failures += 1
      timer = setTimeout(
        () => {
          timer = undefined
          onOver()
        },
        Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - 1)),
      )
    },
    succeeded: () => {
      failures = 0
      reported = ''
    },
    cancel: () => clearTimeout(timer),
  }
}
