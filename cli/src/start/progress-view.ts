/** Shows progress: bars that are redrawn in place on a terminal, and a line now and then elsewhere. */
import type { WriteStream } from 'node:tty'
import { type Progress, progressBars, progressLine } from './progress.ts'

export type ProgressView = {
  show(progress: Progress, elapsedMs: number): void
  /** Removes the bars from the terminal, so that the next output takes their place. */
  clear(): void
}

const LINE_INTERVAL_MS = 5000

export function createProgressView(output: WriteStream): ProgressView {
  const canRedraw = output.isTTY && process.env.TERM !== 'dumb'
  return canRedraw ? barsView(output) : linesView(output)
}

function barsView(output: WriteStream): ProgressView {
  let drawn = 0
  const clear = () => {
    // Cursor up to the first bar, then erase from there to the end of the screen (ECMA-48 CUU and ED).
    if (drawn > 0) output.write(`\x1b[${drawn}A\x1b[0J`)
    drawn = 0
  }
  return {
    clear,
    show: (progress) => {
      clear()
      // A terminal that does not know its width reports 0.
      const lines = progressBars(progress, output.columns || 80)
      output.write(`${lines.join('\n')}\n`)
      drawn = lines.length
    },
  }
}

function linesView(output: WriteStream): ProgressView {
  let last = ''
  let nextMs = 0
  return {
    clear: () => {},
    show: (progress, elapsedMs) => {
      const line = progressLine(progress)
      if (line === last || elapsedMs < nextMs) return
      output.write(`${line}\n`)
      last = line
      nextMs = elapsedMs + LINE_INTERVAL_MS
    },
  }
}
