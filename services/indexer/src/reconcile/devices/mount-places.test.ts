/** Shows which folders are looked at after mounts change. Made-up mounts over a tree in memory. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rootFolder } from '../../../../../test/support/root-folder.ts'
import { createTree } from '../../model/folder-tree.ts'
import type { Mountinfo } from '../../scan/mountinfo.ts'
import { createHints } from '../pending/hints.ts'
import { createMountPlaces } from './mount-places.ts'

/** A root with a folder `a` and, inside it, `b`; `mount` says what is mounted from then on, or that it can't be told. */
function watched(path = '/r') {
  const tree = createTree()
  const top = tree.addRoot(rootFolder('media', { path }), { nodeId: 'top', device: '1', inode: '2' })
  const a = tree.add(top, 'a', { nodeId: 'a', device: '1', inode: '3' })
  const b = tree.add(a, 'b', { nodeId: 'b', device: '1', inode: '4' })
  const hints = createHints()
  /** A mount keeps its place in this list as long as it is there. */
  let points: readonly string[] | null = []
  const places = createMountPlaces({
    mounts: () =>
      points?.map((point, id): Mountinfo => {
        return { id: `${id}`, parentId: '1', device: '8:1', root: '/', point, type: 'ext4', source: 'disk' }
      }) ?? null,
    tops: () => [top],
    tree,
    devices: { nameOf: () => '1', numberOf: () => '1' },
    known: { childAt: (_, name) => (name === 'unreadable' ? ({ metadataState: 'unreadable' } as never) : undefined) },
    hints,
    nowMs: () => 0,
  })
  const hinted = () => hints.take(1, 10_000).map(({ folder, name }) => `${folder.nodeId} ${name}`)
  const mount = (now: readonly string[] | null) => {
    points = now
    return { isRead: places.refresh(), hinted: hinted() }
  }
  const change = (now: readonly string[]) => {
    points = now
  }
  return { mount, change, places, hinted, tree, top, a, b }
}

test('what is mounted when the first mounts are read is what a scan has seen', () => {
  const { mount } = watched()
  assert.deepEqual(mount(['/', '/r/a']), { isRead: true, hinted: [] })
  assert.deepEqual(mount(['/']), { isRead: true, hinted: ['top a'] })
})

test('a folder that is known at a point is listed again with all below it, though it may be the same one', () => {
  const { mount, a, b } = watched()
  mount([])
  assert.deepEqual(mount(['/r/a']).hinted, ['top a'])
  assert.deepEqual([a.needsVisit, b.needsVisit], [true, false])
})

test('a mount is where the folder is that it was mounted in, whatever that is called by now', () => {
  const { mount, tree, top, a } = watched()
  mount(['/', '/r/a/m'])
  tree.relink(a, top, 'c')
  // Unmounted before anybody looked at the table again.
  assert.deepEqual(mount(['/']).hinted, ['a m'])
})

test('a mount that a folder brought along is known by the time the folder is looked at', () => {
  const { mount, change, places, hinted, tree, top } = watched()
  mount(['/', '/elsewhere/x/m'])
  tree.add(top, 'x', { nodeId: 'x', device: '1', inode: '9' })
  // No change of mounts is told.
  change(['/', '/r/x/m'])
  places.follow()
  assert.deepEqual(hinted(), ['x m'])
  places.follow()
  assert.deepEqual(hinted(), [], 'nothing has moved since')
  assert.deepEqual(mount(['/']).hinted, ['x m'])
})

test('mounts elsewhere, in folders that are not known and on the root itself are no places in it', () => {
  const { mount } = watched()
  mount([])
  assert.deepEqual(mount(['/', '/r', '/r2/a', '/elsewhere', '/r/excluded/x', '/r/a/b']).hinted, ['a b'])
})

test('a root at / has every mount point in it', () => {
  const { mount } = watched('/')
  mount(['/'])
  assert.deepEqual(mount(['/', '/proc', '/a', '/a/b']).hinted, ['top proc', 'top a', 'a b'])
})

test('mounts that can not be read are compared with those of before when they can', () => {
  const { mount } = watched()
  mount(['/r/a'])
  assert.deepEqual(mount(null), { isRead: false, hinted: [] })
  assert.deepEqual(mount([]), { isRead: true, hinted: ['top a'] })
})

test('points that no folder stands for are looked at every time, but not what can not be read', () => {
  const { mount, places, hinted } = watched()
  mount(['/r/file', '/r/a', '/r/unreadable'])
  places.lookAtOthers()
  assert.deepEqual(hinted(), ['top file'])
  places.lookAtOthers()
  assert.deepEqual(hinted(), ['top file'])
})

test('of a thousand mounts only those that changed are looked at', () => {
  const { mount } = watched()
  const points = Array.from({ length: 1_000 }, (_, at) => `/r/point-${at}`)
  mount(points)
  assert.deepEqual(mount([...points, '/r/a/new']).hinted, ['a new'])
})

test('the second place of a folder is looked at until it is none any more', () => {
  const { places, hinted, a } = watched()
  places.noteTwin({ parentId: a.nodeId, name: 'twin' })
  places.noteTwin({ parentId: 'not in the tree', name: 'twin' })
  places.lookAtOthers()
  assert.deepEqual(hinted(), ['a twin'])
  places.lookAtOthers()
  assert.deepEqual(hinted(), [], 'nobody has said that it still is one')
})
