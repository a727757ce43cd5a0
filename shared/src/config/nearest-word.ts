/** "Did you mean": the known word that is closest to a mistyped one. */

/** The nearest of `known` by edit distance; null if none is near enough to be meant. */
export function nearestWord(word: string, known: readonly string[]): string | null {
  let nearest: string | null = null
  let least = Math.max(2, Math.floor(word.length / 2)) + 1
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate)
    // With more than half of its letters wrong it is another word, however short both are.
    if (distance < least && distance * 2 <= Math.max(word.length, candidate.length)) {
      nearest = candidate
      least = distance
    }
  }
  return nearest
}

/** Levenshtein's distance: each insertion, deletion and replacement counts 1. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row]
    for (let column = 1; column <= b.length; column += 1) {
      const replaced = (previous[column - 1] as number) + (a[row - 1] === b[column - 1] ? 0 : 1)
      const removed = (previous[column] as number) + 1
      const inserted = (current[column - 1] as number) + 1
      current.push(Math.min(replaced, removed, inserted))
    }
    previous = current
  }
  return previous[b.length] as number
}
