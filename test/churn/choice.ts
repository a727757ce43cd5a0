/**
 * Chooses by a number in a way that survives shrinking: the choice among some paths stays the same when other paths are
 * left out (rendezvous hashing). So a history from which a step is removed does nearly the same as before.
 */

/** One of the items; undefined only if there is none. */
export function choose(at: number, items: readonly string[]): string | undefined {
  let best: string | undefined
  let bestScore = -1
  for (const item of items) {
    const score = scoreOf(at, item)
    if (score > bestScore) [best, bestScore] = [item, score]
  }
  return best
}

/** A whole number from 0 up to, not including, `end`. */
export function below(at: number, end: number): number {
  return Math.floor((mix(at) / 2 ** 32) * end)
}

/** A further number made of one, for the next choice in the same step. */
export function next(at: number, which: number): number {
  return mix(at + Math.imul(which + 1, 0x9e3779b1))
}

function scoreOf(at: number, text: string): number {
  // FNV-1a.
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return mix(hash ^ mix(at))
}

/** The finisher of MurmurHash3 (public domain): every bit of the number affects every bit of the result. */
function mix(number: number): number {
  let mixed = number >>> 0
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
