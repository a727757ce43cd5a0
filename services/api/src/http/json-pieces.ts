/**
 * JSON of an answer in pieces, so that a long one does not hold up everybody else: paths in a very deep tree are thousands of
 * characters each.
 */

/** What is made at once, in some 3 ms. Hardly any answer is longer, and then it is one piece. */
export const PIECE_CHARACTERS = 512 * 1024

/** All pieces together are the text that `JSON.stringify` gives. @param value an object of lists, objects and values */
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

/** The answer, and a list or an object in it. What is in those is small. */
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
    // As JSON.stringify has it.
    if (one === undefined) continue
    yield `${separator}${JSON.stringify(key)}:`
    yield* partsOf(one, levels - 1)
    separator = ','
  }
  yield '}'
}
