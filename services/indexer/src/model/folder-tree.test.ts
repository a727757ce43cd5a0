/** Shows that the tree of folders keeps paths, watches and ids right through moves, swaps and removals. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rootFolder } from '../../../../test/support/root-folder.ts'
import {
  createTree,
  type Folder,
  isWithin,
  pathOf,
  type RootFolder,
  type Tree,
  withDescendants,
} from './folder-tree.ts'

function top(key = 'media', path = '/mnt/media'): RootFolder {
  return rootFolder(key, { path, inotifyFd: 5 })
}

function identity(inode: number | string) {
  return { nodeId: `id ${inode}`, device: '1', inode: String(inode) }
}

/** /mnt/media/a/b/c and /mnt/media/d */
function sample(): { tree: Tree; root: Folder; a: Folder; b: Folder; c: Folder; d: Folder } {
  const tree = createTree()
  const root = tree.addRoot(top(), identity(1))
  const a = tree.add(root, 'a', identity(2))
  const b = tree.add(a, 'b', identity(3))
  const c = tree.add(b, 'c', identity(4))
  const d = tree.add(root, 'd', identity(5))
  return { tree, root, a, b, c, d }
}

test('a path is made of the names above', () => {
  const { root, c, d } = sample()
  assert.deepEqual([root, c, d].map(pathOf), ['/mnt/media', '/mnt/media/a/b/c', '/mnt/media/d'])
})

test('the folder / can be a root', () => {
  const tree = createTree()
  const root = tree.addRoot(top('all', '/'), identity(1))
  assert.deepEqual([root, tree.add(root, 'a', identity(2))].map(pathOf), ['/', '/a'])
})

test('folders nested deeper than calls may be are removed like any others', () => {
  const tree = createTree()
  const root = tree.addRoot(top(), identity(1))
  let folder = root
  for (let inode = 2; inode <= 100_000; inode += 1) {
    folder = tree.add(folder, 'd', identity(inode))
    tree.setWatch(folder, inode)
  }
  assert.equal(tree.remove(root).length, 99_999)
  assert.equal(tree.size(), 0)
})

test('all that is below a renamed folder goes with it, and watches stay', () => {
  const { tree, a, b, c, d } = sample()
  tree.setWatch(c, 7)
  tree.relink(b, d, 'new')
  assert.equal(pathOf(c), '/mnt/media/d/new/c')
  assert.deepEqual([...a.children.keys()], [])
  assert.deepEqual([...d.children.keys()], ['new'])
  assert.equal(c.root.byWatch.get(7), c)
  assert.equal(tree.size(), 5)
})

test('two folders swap names, though both have the same name in between', () => {
  const { tree, root, a, d } = sample()
  tree.relink(a, root, 'd')
  tree.relink(d, root, 'a')
  assert.equal(root.children.get('d'), a)
  assert.equal(root.children.get('a'), d)
  assert.deepEqual([a, d].map(pathOf), ['/mnt/media/d', '/mnt/media/a'])
})

test('a folder that took the place of another stays when the other one is removed later', () => {
  const { tree, root, a, d } = sample()
  tree.relink(d, root, 'a')
  tree.remove(a)
  assert.equal(root.children.get('a'), d)
  assert.equal(tree.get(d.nodeId), d)
  assert.equal(tree.get(a.nodeId), undefined)
})

test('removing a folder removes all that is below it, and gives their watches', () => {
  const { tree, root, a, b, c, d } = sample()
  for (const [at, folder] of [root, a, b, c, d].entries()) tree.setWatch(folder, 10 + at)
  assert.deepEqual(tree.remove(a), [11, 12, 13])
  assert.deepEqual(
    [root, a, b, c, d].map((folder) => folder.attached),
    [true, false, false, false, true],
  )
  assert.equal(tree.size(), 2)
  assert.deepEqual([...root.root.byWatch.keys()], [10, 14])
  assert.deepEqual(
    [a, b, c].map((folder) => folder.watch),
    [null, null, null],
  )
})

test('a folder without a watch gives none when removed', () => {
  const { tree, a, b } = sample()
  tree.setWatch(b, 3)
  assert.deepEqual(tree.remove(a), [3])
})

test('an id that a new folder has taken stays when the old folder is removed', () => {
  const { tree, a, b, d } = sample()
  const again = tree.add(d, 'b', { ...identity(3) })
  tree.remove(b)
  assert.equal(tree.get(b.nodeId), again)
  assert.ok(again.attached)
  assert.deepEqual([...a.children.keys()], [])
})

test('a watch descriptor that was given again belongs to the new folder', () => {
  const { tree, a, d } = sample()
  tree.setWatch(a, 1)
  tree.setWatch(d, 1)
  tree.setWatch(a, null)
  assert.equal(a.root.byWatch.get(1), d)
  tree.setWatch(d, 2)
  assert.deepEqual([...d.root.byWatch], [[2, d]])
})

test('the folder itself comes before those below it', () => {
  const { root, a, c, d } = sample()
  assert.deepEqual(
    Array.from(withDescendants(root), ({ name }) => name),
    ['', 'a', 'b', 'c', 'd'],
  )
  assert.ok(isWithin(c, a))
  assert.ok(isWithin(a, a))
  assert.ok(!isWithin(a, c))
  assert.ok(!isWithin(d, a))
})
