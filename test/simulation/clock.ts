/**
 * Simulated time: it passes only when nothing is left to do at a moment, so that a minute takes no longer than its
 * work.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'

/** Whose task it is. Tasks of a paused actor wait, and those of an ended one are dropped. */
export type Actor = { state: 'running' | 'paused' | 'ended' }

export type Clock = {
  /** Milliseconds since 1970. */
  readonly nowMs: () => number
  /** Does a task after a delay. Gives a function that cancels it. */
  readonly after: (delayMs: number, actor: Actor, task: () => void) => () => void
  /** Does all tasks in the order of time. Rejects if that takes longer than `boundMs`, or never ends. */
  readonly run: (boundMs: number) => Promise<void>
}

type Task = { readonly atMs: number; readonly number: number; readonly actor: Actor; readonly task: () => void }

const START_MS = 1_600_000_000_000
/** A task of a paused actor is tried again this much later. */
const PAUSED_MS = 5
/** The most tasks of one run, which hardly ever has a tenth of that. */
const TASKS_MAX = 100_000

export function createClock(): Clock {
  let nowMs = START_MS
  let numbers = 0
  const tasks = new Set<Task>()
  const add = (one: Task) => {
    tasks.add(one)
    return () => void tasks.delete(one)
  }
  const takeFirst = (): Task | undefined => {
    let first: Task | undefined
    for (const one of tasks) {
      if (first === undefined || one.atMs < first.atMs || (one.atMs === first.atMs && one.number < first.number)) {
        first = one
      }
    }
    if (first !== undefined) tasks.delete(first)
    return first
  }
  return {
    nowMs: () => nowMs,
    after: (delayMs, actor, task) => {
      numbers += 1
      return add({ atMs: nowMs + Math.max(0, delayMs), number: numbers, actor, task })
    },
    run: async (boundMs) => {
      const endMs = nowMs + boundMs
      for (let done = 0; ; done += 1) {
        if (done > TASKS_MAX) throw new Error(`still at work after ${done} tasks`)
        // Lets resolved promises run.
        await nextTurn()
        const next = takeFirst()
        if (next === undefined) return
        nowMs = Math.max(nowMs, next.atMs)
        if (nowMs > endMs) throw new Error(`still at work after ${boundMs} ms`)
        if (next.actor.state === 'running') next.task()
        // The number stays, so that paused tasks keep their order.
        else if (next.actor.state === 'paused') add({ ...next, atMs: nowMs + PAUSED_MS })
      }
    },
  }
}
