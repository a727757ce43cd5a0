/**
 * Fairness among requests in the one event loop. Long work is done in pieces, one piece in each round of the loop for all
 * work together, so that a short request waits for one piece at most.
 */
import { setImmediate as nextRound } from 'node:timers/promises'

/** Searches of the log that run at the same time. Others wait, so that the earliest ones finish first. */
const SEARCHES_MAX = 4

let last: Promise<unknown> = Promise.resolve()
let searching = 0
const waiting: (() => void)[] = []

/** Resolves when the next piece may be done: in the order of the calls, one in each round of the event loop. */
export function nextTurn(): Promise<void> {
  const turn = last.then(() => nextRound())
  last = turn
  return turn
}

/** Runs a search as soon as few enough others are running. */
export async function searchInTurn<T>(search: () => Promise<T>): Promise<T> {
  if (searching >= SEARCHES_MAX) await new Promise<void>((resolve) => waiting.push(resolve))
  else searching += 1
  try {
    return await search()
  } finally {
    // Hands the place to the next search, or frees it.
    const next = waiting.shift()
    if (next === undefined) searching -= 1
    else next()
  }
}
