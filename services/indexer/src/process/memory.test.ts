/** Shows when unused memory is released: work in counted CPU time, and once the real process. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRest, processCpuUsage, releaseHeap } from './memory.ts'

/** Checks after so many ms of CPU time each. Gives the numbers of the checks, from 1, at which memory was released. */
function releases(...spentMs: number[]): number[] {
  let usedMs = 0
  const released: number[] = []
  let at = 0
  const check = createRest(
    () => usedMs * 1000,
    () => {
      // Releasing is work too.
      usedMs += 40
      released.push(at)
    },
  )
  for (const ms of spentMs) {
    at += 1
    usedMs += ms
    check()
  }
  return released
}

test('memory is released once, at the first rest after much work', () => {
  assert.deepEqual(releases(1_500, 3_000, 800, 0, 0, 0), [4])
  assert.deepEqual(releases(3_000, 0, 0, 6_000, 100, 50, 0), [2, 6])
})

test('a little work releases nothing, until it has become much', () => {
  assert.deepEqual(releases(600, 0, 0), [])
  assert.deepEqual(releases(600, 0, 300, 0, 200, 0, 0), [6])
})

test('releasing memory takes a hundredth of the time at most', () => {
  assert.deepEqual(releases(1_500, 0, 3_900, 0, 50, 60), [2, 6])
})

test('memory is released though a little work goes on', () => {
  assert.deepEqual(releases(5_000, 30, 30), [2])
})

test('memory that is no longer used is released', () => {
  const rss = () => process.memoryUsage.rss()
  let kept: unknown[] | null = Array.from({ length: 1_000_000 }, (_, at) => ({ at }))
  const full = rss()
  assert.equal(kept.length, 1_000_000)
  kept = null
  releaseHeap()
  assert.ok(full - rss() > 20e6, `${full} before, ${rss()} after`)
  assert.ok(processCpuUsage() > 0)
})
