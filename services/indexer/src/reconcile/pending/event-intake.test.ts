/**
 * Shows which hint each event becomes, and whose folder an event is about when its watch comes or goes. Tree, hints and
 * writers are the real ones; the events are made up, and the calls to the rest of the program are noted.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rootFolder } from '../../../../../test/support/root-folder.ts'
import { createTree } from '../../model/folder-tree.ts'
import type { WatchEvent } from '../../watch/inotify-events.ts'
import { createEventIntake } from './event-intake.ts'
import { createHints } from './hints.ts'
import { createWriters } from './writers.ts'

function intake({ isVisiting = true, numbersPass = false } = {}) {
  const tree = createTree()
  const hints = createHints()
  const top = rootFolder('media', { inotifyFd: 3 })
  const root = tree.addRoot(top, { nodeId: 'root', device: '1', inode: '1' })
  const folder = tree.add(root, 'folder', { nodeId: 'folder', device: '1', inode: '2' })
  tree.setWatch(root, 1)
  tree.setWatch(folder, 2)
  const calls: string[] = []
  let nowMs = 1_000
  const made = createEventIntake({
    tree,
    pending: { hints, writers: createWriters(), visits: { open: () => (isVisiting ? 1 : 0) } },
    isIgnored: ({ nodeId }, name) => name === '.DS_Store' || (nodeId === 'folder' && name === 'feed.db-wal'),
    nowMs: () => nowMs,
    onLost: () => calls.push('lost'),
    doNumbersPass: () => numbersPass,
    onUnmounted: ({ name }) => calls.push(`unmounted ${name}`),
    onRootGone: () => calls.push('root gone'),
  })
  return {
    ...{ tree, top, root, folder, calls, hints, intake: made },
    take: (...events: WatchEvent[]) => made.take(top, events),
    pass: (ms: number) => {
      nowMs += ms
    },
    hinted: () => hints.take(nowMs + 1_000, 1_000).map((hint) => `${hint.folder.name}/${hint.name} ${hint.cause}`),
  }
}

test('events become hints about places', () => {
  const { take, hinted } = intake()
  take({ kind: 'touched', watch: 1, name: 'a' }, { kind: 'written', watch: 2, name: 'b' })
  assert.deepEqual(hinted(), ['/a touched', 'folder/b written'])
})

test('a new file is given a moment to be closed, anything else just long enough to gather events', () => {
  const { take, hints } = intake()
  take({ kind: 'created', watch: 1, name: 'new' })
  assert.equal(hints.nextDueMs(), 1_100)
  take({ kind: 'touched', watch: 1, name: 'other' })
  assert.equal(hints.nextDueMs(), 1_002)
})

test('while events come without a pause, looks are ten milliseconds apart', () => {
  const { take, hints, pass } = intake()
  let looks = 0
  for (let ms = 0; ms < 1_000; ms += 1) {
    take({ kind: 'written', watch: 1, name: 'log' }, { kind: 'touched', watch: 2, name: `${ms}` })
    if (hints.take(1_000 + ms, 1_000).length > 0) looks += 1
    pass(1)
  }
  assert.equal(looks, 100)
  hints.take(2_010, 1_000)
  pass(100)
  take({ kind: 'written', watch: 1, name: 'log' })
  assert.equal(hints.nextDueMs(), 2_102)
})

test('excluded names are no hints', () => {
  const { take, hints } = intake()
  take({ kind: 'touched', watch: 1, name: '.DS_Store' })
  assert.equal(hints.size(), 0)
})

test('files of ours are no hints, and one of the same name elsewhere is', () => {
  const { take, hinted } = intake()
  take({ kind: 'written', watch: 2, name: 'feed.db-wal' }, { kind: 'written', watch: 1, name: 'feed.db-wal' })
  assert.deepEqual(hinted(), ['/feed.db-wal written'])
})

test('an overflow loses the whole root', () => {
  const { take, calls } = intake()
  take({ kind: 'overflow' })
  assert.deepEqual(calls, ['lost'])
})

test("what happens to the root's own folder is told, what happens to another is its parent's matter", () => {
  const { take, calls, hints } = intake()
  take({ kind: 'self', watch: 2 })
  assert.deepEqual([calls, hints.size()], [[], 0])
  take({ kind: 'self', watch: 1 })
  assert.deepEqual(calls, ['root gone'])
})

test('a folder whose watch the kernel dropped is looked at, and visited when it is found', () => {
  const { take, folder, hinted } = intake()
  take({ kind: 'ignored', watch: 2 })
  assert.deepEqual([folder.watch, folder.needsVisit], [null, true])
  assert.deepEqual(hinted(), ['/folder touched'])
})

test("events read before the watch's folder is known are taken when it is", () => {
  const { take, tree, folder, intake: made, hinted, hints } = intake()
  const inner = tree.add(folder, 'inner', { nodeId: 'inner', device: '1', inode: '3' })
  take({ kind: 'created', watch: 9, name: 'early' }, { kind: 'written', watch: 9, name: 'early' })
  assert.equal(hints.size(), 0)
  made.watched(inner, 9)
  assert.deepEqual(hinted(), ['inner/early written'])
  take({ kind: 'touched', watch: 9, name: 'late' })
  assert.deepEqual(hinted(), ['inner/late touched'])
})

test('while nothing is being watched anew, events of unknown watches are about nothing', () => {
  const { take, folder, intake: made, hints } = intake({ isVisiting: false })
  take({ kind: 'written', watch: 9, name: 'early' })
  made.watched(folder, 9)
  assert.equal(hints.size(), 0)
})

test('a watch that was taken away tells nothing more, until the kernel has confirmed that', () => {
  const { take, tree, top, folder, root, intake: made, hinted } = intake()
  tree.setWatch(folder, null)
  made.unwatched(top, 2)
  take({ kind: 'written', watch: 2, name: 'stale' }, { kind: 'ignored', watch: 2 })
  const again = tree.add(root, 'again', { nodeId: 'again', device: '1', inode: '4' })
  made.watched(again, 2)
  assert.deepEqual(hinted(), [])
  take({ kind: 'written', watch: 2, name: 'new' })
  assert.deepEqual(hinted(), ['again/new written'])
})

test('early events are kept up to a limit; beyond, the root is scanned', () => {
  const { take, calls } = intake()
  const events = Array.from({ length: 100_001 }, (_, at): WatchEvent => ({ kind: 'touched', watch: 9, name: `${at}` }))
  take(...events.slice(0, 100_000))
  assert.deepEqual(calls, [])
  take(...events.slice(100_000))
  assert.deepEqual(calls, ['lost'])
})

test('what a watch told before it was taken from its folder still counts, until the kernel says that it is gone', () => {
  const { take, hinted, intake: made, tree, folder } = intake()
  made.releasing(folder)
  tree.setWatch(folder, null)
  take({ kind: 'written', watch: 2, name: 'before' }, { kind: 'self', watch: 2 }, { kind: 'ignored', watch: 2 })
  assert.deepEqual(hinted(), ['folder/before written'])
  assert.equal(folder.needsVisit, false)
})

test('a folder that gets a watch again keeps it when the kernel says that the one before is gone', () => {
  const { take, hinted, intake: made, tree, folder } = intake()
  made.releasing(folder)
  tree.setWatch(folder, null)
  made.watched(folder, 3)
  take({ kind: 'ignored', watch: 2 }, { kind: 'touched', watch: 3, name: 'after' })
  assert.equal(folder.watch, 3)
  assert.deepEqual(hinted(), ['folder/after touched'])
})

test('when a folder was last told of is kept, but of excluded names nothing is told', () => {
  const { take, folder } = intake()
  take({ kind: 'touched', watch: 2, name: '.DS_Store' })
  assert.equal(folder.stirredSeconds, 0)
  take({ kind: 'touched', watch: 2, name: 'file' })
  assert.equal(folder.stirredSeconds, 1)
})

test('where inode numbers pass, a folder that came or went may be another one, and is visited again', () => {
  const { take, folder, root, calls } = intake({ numbersPass: true })
  take({ kind: 'touched', watch: 1, name: 'folder' })
  assert.ok(!folder.needsVisit, 'it only has other attributes')
  take({ kind: 'folder-moved', watch: 1, name: 'folder' })
  assert.ok(folder.needsVisit)
  take({ kind: 'self-moved', watch: 1 })
  assert.ok(root.needsVisit)
  assert.deepEqual(calls, ['root gone'])
  const lasting = intake()
  lasting.take({ kind: 'folder-moved', watch: 1, name: 'folder' })
  assert.ok(!lasting.folder.needsVisit)
})
