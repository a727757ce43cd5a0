/**
 * Shows that a folder that does not answer keeps no other from being opened. Stand-ins for the kernel and for the
 * processes that ask; the test moves the clock.
 */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Reply } from './folder-reply.ts'
import { openFolders } from './open-folders.ts'

const ANSWER_MS = 2_000
const RETRY_MS = 30_000

/** How each folder answers: immediately, after so many ms with these replies in turn, or never. */
type Kinds = Readonly<Record<string, 'at hand' | 'never' | { readonly ms: number; readonly replies: readonly Reply[] }>>

function begin(t: TestContext, kinds: Kinds, canOpen = true) {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const asked: string[] = []
  let lates = 0
  let fds = 100
  const done = openFolders(Object.keys(kinds), {
    openAtHand: (path) => (kinds[path] === 'at hand' ? fds++ : null),
    ask: (path) => {
      const kind = kinds[path]
      asked.push(path)
      if (typeof kind !== 'object') return new Promise(() => {})
      const times = asked.filter((each) => each === path).length
      const reply = kind.replies[times - 1] ?? 'there'
      return new Promise((resolve) => setTimeout(resolve, kind.ms, reply))
    },
    open: () => (canOpen ? fds++ : null),
    onLate: () => {
      lates += 1
    },
    answerMs: ANSWER_MS,
  })
  const pass = async (ms: number) => {
    await settled()
    t.mock.timers.tick(ms)
    await settled()
  }
  return { done, asked, pass, lates: () => lates }
}

/** Resolves when all that waits only for promises has happened. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

test('folders that the kernel has at hand are opened without asking anybody', async (t) => {
  const { done, asked } = begin(t, { a: 'at hand', b: 'at hand' })
  assert.deepEqual(await done, { descriptors: [100, 101], leftOut: [] })
  assert.deepEqual(asked, [])
})

test('a folder that does not answer keeps no other from being opened, however many there are', async (t) => {
  const dead = Object.fromEntries(Array.from({ length: 9 }, (_, n) => [`dead${n}`, 'never' as const]))
  const { done, pass, lates, asked } = begin(t, { ...dead, slow: { ms: 1_000, replies: ['there'] }, a: 'at hand' })
  await pass(1_000)
  await pass(1_000)
  const { descriptors, leftOut } = await done
  assert.equal(descriptors.length, 2)
  assert.deepEqual(leftOut, Object.keys(dead))
  await pass(1_000_000)
  assert.deepEqual([lates(), asked.length], [0, 10], 'each was asked once')
})

test('a folder that answers later is reported then', async (t) => {
  const { done, pass, lates } = begin(t, { a: { ms: 5_000, replies: ['there'] } })
  await pass(2_000)
  assert.deepEqual(await done, { descriptors: [], leftOut: ['a'] })
  await pass(2_999)
  assert.equal(lates(), 0)
  await pass(1)
  assert.equal(lates(), 1)
})

test('a folder that is refused is asked for until it is not, and one that is missing is asked for once', async (t) => {
  const { done, pass, lates, asked } = begin(t, {
    stale: { ms: 10, replies: ['refused', 'refused', 'there'] },
    none: { ms: 10, replies: ['not there'] },
  })
  await pass(10)
  assert.deepEqual(await done, { descriptors: [], leftOut: ['stale', 'none'] })
  for (const [pauseMs, expected] of [
    [RETRY_MS, 0],
    [2 * RETRY_MS, 1],
  ] as const) {
    await pass(pauseMs)
    await pass(10)
    assert.equal(lates(), expected)
  }
  await pass(10 * RETRY_MS)
  assert.deepEqual(asked.toSorted(), ['none', 'stale', 'stale', 'stale'])
})

test('a folder that is there and can not be opened is not asked for in a loop', async (t) => {
  const { done, pass, lates, asked } = begin(t, { a: { ms: 10, replies: [] } }, false)
  await pass(10)
  assert.deepEqual((await done).leftOut, ['a'])
  assert.deepEqual([lates(), asked.length], [0, 1])
  await pass(RETRY_MS)
  await pass(10)
  assert.deepEqual([lates(), asked.length], [1, 2])
})
