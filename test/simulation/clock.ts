/** Time that passes only when nothing is left to do at a moment, so that a minute takes no longer than what happens in it. */
import { setImmediate as nextTurn } from 'node:timers/promises'

/** Whose tasks they are. Those of who is paused wait; those of who ended are dropped. */
export type Actor = { state: 'running' | 'paused' | 'ended' }

export type Clock = {
  /** Milliseconds since 1970. */
  readonly nowMs: () => number
  /** Does something after a while; gives what takes it back. */
  readonly after: (delayMs: number, actor: Actor, task: () => void) => () => void
  /** Does all there is to do, in the order of time. Rejects when that takes longer than `boundMs`, or goes round and round. */
  readonly run: (boundMs: number) => Promise<void>
}

type Task = { readonly atMs: number; readonly number: number; readonly actor: Actor; readonly task: () => void }

const START_MS = 1_600_000_000_000
/** What has to wait for an actor that is paused is tried again this much later. */
const PAUSED_MS = 5
/** In one run; there is hardly ever a tenth of it. */
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
        // Promises that were resolved run their course.
        await nextTurn()
        const next = takeFirst()
        if (next === undefined) return
        nowMs = Math.max(nowMs, next.atMs)
        if (nowMs > endMs) throw new Error(`still at work after ${boundMs} ms`)
        if (next.actor.state === 'running') next.task()
        // Its number stays, so that what is paused keeps its order.
        else if (next.actor.state === 'paused') add({ ...next, atMs: nowMs + PAUSED_MS })
      }
    },
  }
}
