/**
 * Shows I7 at a mount: an observation made with old device numbers is never used. The observer is a stand-in whose
 * count of mounts the test sets.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSightsBuilder } from '../../model/sights.ts'
import type { LookRequest } from '../../scan/look.ts'
import type { LookReply } from '../../scan/observer.ts'
import { createMountFence } from './mount-fence.ts'

const REQUEST: LookRequest = { path: '/a', expected: null, names: null, inotifyFd: null }

/** A fence before an observer whose count of mount changes the test sets. */
function fenced() {
  const state = { changes: 0, told: 0 }
  const reply = (): LookReply => ({
    answers: [{ kind: 'elsewhere' }],
    sights: createSightsBuilder().pack(),
    mountChanges: state.changes,
  })
  const observer = { look: async () => reply(), mountChanges: async () => state.changes }
  const fence = createMountFence(observer, () => {
    state.told += 1
  })
  const look = async () => (await fence.look([REQUEST])).answers[0]?.kind
  return { state, fence, look }
}

test('I7: what was seen after something was mounted counts once it is known which filesystem is where', async () => {
  const { state, fence, look } = fenced()
  assert.equal(await look(), 'elsewhere')
  state.changes = 1
  assert.equal(await look(), 'later')
  assert.equal(state.told, 1)
  await fence.confirm(async () => {})
  assert.equal(await look(), 'elsewhere')
})

test('what is mounted while that is being asked counts as well', async () => {
  const { state, fence, look } = fenced()
  await fence.confirm(async () => {
    state.changes += 1
  })
  assert.equal(await look(), 'later')
})

test('an answer to a question of before does not count, since it was asked with the numbers of then', async () => {
  const { state, fence } = fenced()
  state.changes = 1
  const early = fence.look([REQUEST])
  await fence.confirm(async () => {})
  assert.deepEqual((await early).answers, [{ kind: 'later', problem: null }])
})
