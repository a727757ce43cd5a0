/** What the keeper does about each finding of a root's folder; finding and attaching are given. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import pino from 'pino'
import { openRoots } from '../../../../../test/support/open-roots.ts'
import { createTree } from '../../model/folder-tree.ts'
import { createHints } from '../pending/hints.ts'
import { createVisits } from '../pending/visits.ts'
import { unreadableMessage } from './away-messages.ts'
import type { FoundRoot, MissingRoot } from './find-root.ts'
import { createRootKeeper } from './root-keeper.ts'

const SIGHT = { kind: 'folder', deviceNumber: '1', inode: '2', birthTime: 1, mtime: 1, ctime: 1 } as const
const FOUND: FoundRoot = { folder: SIGHT, device: '1', before: null, filesystemType: 'ext4', isAccepted: false }

function missing(problem: string, mustList = false): MissingRoot {
  return { away: unreadableMessage('/media', problem), mustList }
}

/** A root that was attached once, and what happened to it since. */
async function kept() {
  const { roots, rows } = openRoots(['media'])
  const [root = assert.fail()] = roots.all
  const tree = createTree()
  const done: string[] = []
  let next: FoundRoot | MissingRoot | null = FOUND
  const keeper = createRootKeeper({
    ...{ roots, hints: createHints(), visits: createVisits(), log: pino({ level: 'silent' }) },
    find: async () => next,
    attach: (_, { device, folder: { inode } }) => void tree.addRoot(root, { nodeId: 'id', device, inode }),
    dropAcceptance: (nodeId) => done.push(`dropped ${nodeId}`),
    onAttached: (_, why) => {
      done.push(why)
      roots.setState(root, { kind: 'scanning', startedMs: 0, isFirst: true }, null)
    },
    onOffline: () => done.push('offline'),
  })
  const check = async (found: typeof next) => {
    next = found
    await keeper.check(root)
    return done.splice(0).join(' ')
  }
  assert.equal(await check(FOUND), 'start')
  return { root, rows, keeper, done, check }
}

test('a root that is where it was stays as it is, and so does one of which nothing can be said', async () => {
  const { root, check } = await kept()
  assert.equal(await check(FOUND), '')
  assert.equal(await check(null), '')
  assert.equal(root.state.kind, 'scanning')
})

test('a root that went away is offline until it is found again, with the latest reason', async () => {
  const { root, rows, check } = await kept()
  assert.equal(await check(missing('EIO')), 'offline')
  assert.equal(await check(null), '')
  assert.equal(root.message, unreadableMessage('/media', 'EIO').message)
  assert.equal(await check(missing('EACCES')), 'offline')
  assert.deepEqual([rows[0]?.state, rows[0]?.message], ['offline', unreadableMessage('/media', 'EACCES').message])
  assert.equal(await check(FOUND), 'back')
})

test('the row of a root that is offline is not written again for the same reason: a disk may sleep', async () => {
  const { rows, check } = await kept()
  await check(missing('EIO'))
  const [before] = rows
  await check(missing('EIO'))
  assert.equal(rows[0], before)
})

test('that only a listing can say that a root is back is kept, though nothing else is new', async () => {
  const { root, check } = await kept()
  await check(missing('EIO'))
  assert.equal(await check(missing('EIO', true)), '')
  assert.equal(root.state.kind === 'offline' && root.state.mustList, true)
})

test('I7: a root that a listing finds empty is offline and must be listed, unless its owner accepted it', async () => {
  const { root, keeper, check, done } = await kept()
  assert.equal(keeper.mayBeEmpty(root), false)
  assert.equal(root.state.kind === 'offline' && root.state.mustList, true)
  assert.match(root.message ?? '', /^\/media is suddenly empty/)
  done.splice(0)
  assert.equal(await check({ ...FOUND, isAccepted: true }), 'back')
  assert.equal(keeper.mayBeEmpty(root), true)
  keeper.scanned(root)
  assert.equal(done.join(), 'dropped id', 'a word that came too late is forgotten')
  assert.equal(keeper.mayBeEmpty(root), false, 'it was accepted until the end of a scan')
})
