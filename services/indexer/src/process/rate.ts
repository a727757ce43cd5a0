/** How fast a count grows at the moment. */

/** Long enough to even out batches of folders, short enough to show that something has stopped. */
const WINDOW_MS = 10_000

export type Rate = (count: number, nowMs: number) => number

/** Each call takes the count and gives its growth a second over the last ten seconds, to a tenth. */
export function createRate(): Rate {
  const samples: { readonly count: number; readonly atMs: number }[] = []
  return (count, nowMs) => {
    samples.push({ count, atMs: nowMs })
    // The oldest kept is the last one that lies at or before the window's beginning.
    while (samples[1] !== undefined && samples[1].atMs <= nowMs - WINDOW_MS) samples.shift()
    const [oldest] = samples
    if (oldest === undefined || nowMs <= oldest.atMs) return 0
    return Math.round((10_000 * Math.max(0, count - oldest.count)) / (nowMs - oldest.atMs)) / 10
  }
}
