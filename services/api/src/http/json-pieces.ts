/**
 * The JSON of an answer in pieces, so that a long answer does not block other requests: in a very deep tree each path has
 * thousands of characters.
 */

/** One piece takes about 3 ms. Hardly any answer is longer than one piece. */
export const PIECE_CHARACTERS = 512 * 1024

/** The pieces add up to the text of `JSON.stringify`. @param value an object of lists, objects and values */
export function* jsonPieces(value: unknown): Generator<string, undefined> {
  let text = ''
  for (const part of partsOf(value, LEVELS)) {
    text += part
    if (text.length < PIECE_CHARACTERS) continue
    yield text
    text = ''
  }
  if (text !== '') yield text
}

/** Levels that are taken apart: the answer, and the lists and objects in it. What these hold is small. */
const LEVELS = 2

function* partsOf(value: unknown, levels: number): Generator<string, undefined> {
  if (levels === 0 || typeof value !== 'object' || value === null) return void (yield JSON.stringify(value))
  let separator = ''
  if (Array.isArray(value)) {
    yield '['
    for (const one of value) {
      yield separator
      yield* partsOf(one, levels - 1)
      separator = ','
    }
    return void (yield ']')
  }
  yield '{'
  for (const [key, one] of Object.entries(value)) {
    // As in JSON.stringify.
    if (one === undefined) continue
    yield `${separator}${JSON.stringify(key)}:`
    yield* partsOf(one, levels - 1)
    separator = ','
  }
  yield '}'
}
