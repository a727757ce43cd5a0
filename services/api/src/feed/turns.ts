/**
 * How long work lets others have their turn. Requests of a moment are answered between two pieces of it, so what counts for
 * them is how many pieces lie between: one, whatever there is to be done.
 */
import { setImmediate as nextRound } from 'node:timers/promises'

/** Searches through the log that go on at the same time; the others wait, so that those that began first are done first. */
const SEARCHES_MAX = 4

let last: Promise<unknown> = Promise.resolve()
let searching = 0
const waiting: (() => void)[] = []

/** Resolves when this piece is to be done: in the order of the calls, one in each round of the event loop. */
export function nextTurn(): Promise<void> {
  const turn = last.then(() => nextRound())
  last = turn
  return turn
}

/** Runs a search when few others do. */
export async function searchInTurn<T>(search: () => Promise<T>): Promise<T> {
  if (searching >= SEARCHES_MAX) await new Promise<void>((resolve) => waiting.push(resolve))
  else searching += 1
  try {
    return await search()
  } finally {
    // The place goes on to the next one, or is free.
    const next = waiting.shift()
    if (next === undefined) searching -= 1
    else next()
  }
}
