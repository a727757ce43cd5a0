/** Shows which message the owner reads while a place does not answer. The clock and the place are given. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import pino from 'pino'
import { openRoots } from '../../../../../test/support/open-roots.ts'
import { createStallWatch } from './stall-watch.ts'

const HOUR_MS = 3_600_000

function watched() {
  const { roots } = openRoots(['nfs'])
  const [root = assert.fail()] = roots.all
  roots.setState(root, { kind: 'watching', nextRescanMs: 0 }, 'as before')
  const state = { now: 0, at: null as { path: string; sinceMs: number } | null }
  const lines: string[] = []
  const log = pino({}, { write: (line: string) => void lines.push((JSON.parse(line) as { msg: string }).msg) })
  const watch = createStallWatch({
    atWork: () => state.at,
    roots,
    nowMs: () => state.now,
    wallMs: () => HOUR_MS + state.now,
    log,
  })
  const at = (now: number, path: string | null, sinceMs = 0) => {
    Object.assign(state, { now, at: path === null ? null : { path, sinceMs } })
    watch.check()
  }
  return { roots, root, lines, at }
}

const STALLED =
  '/nfs/dead has not answered since 1970-01-01T01:00:00.000Z; check the disk, or the server behind it. \
Everything else waits for it'

test('a place that does not answer for a minute is said once, with its root, and again when it answers', () => {
  const { root, lines, at } = watched()
  at(59_999, '/nfs/dead')
  assert.deepEqual([lines, root.message], [[], 'as before'])
  at(60_000, '/nfs/dead')
  at(90_000, '/nfs/dead')
  assert.deepEqual([lines, root.message, root.state.kind], [[STALLED], STALLED, 'watching'])
  at(93_000, '/nfs/next', 93_000)
  assert.deepEqual([lines, root.message], [[STALLED, 'the place answers again'], 'as before'])
})

test('what was found out about the root meanwhile is not taken back', () => {
  const { roots, root, lines, at } = watched()
  at(60_000, '/nfs/dead')
  roots.setMessage(root, 'is away')
  at(63_000, null)
  assert.deepEqual([lines.length, root.message], [2, 'is away'])
})

test('a place outside every root is said in the log', () => {
  const { lines, at } = watched()
  at(60_000, '/elsewhere')
  assert.match(lines[0] ?? '', /^\/elsewhere has not answered since/)
})
