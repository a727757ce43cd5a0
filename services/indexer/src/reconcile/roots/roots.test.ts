/** The registry of roots: what each answer is made of, and what it writes to the rows of the roots. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SUPER_ROOT_ID, type WatchRootRow } from '@drive-feed/shared/schema.ts'
import { folderRow } from '../../../../../test/support/rows.ts'
import { createTree } from '../../model/folder-tree.ts'
import { createRoots } from './roots.ts'

const SAVED: WatchRootRow = {
  ...{ name: 'a', nodeId: 'id of a', path: '/disks/a', configuredPath: '/a', state: 'watching', stateSinceMs: 500 },
  ...{ message: null, unwatchedFolders: 0, wasScanned: true },
}

/** Two watches, `/a` and `/ab`. `rows` are those of `watch_roots`, `known` the names of known root nodes. */
function registry({ rows = [] as WatchRootRow[], known = [] as string[] } = {}) {
  const clock = { ms: 1_000.7 }
  const roots = createRoots(
    ['a', 'ab'].map((name) => ({ name, path: `/${name}`, configuredPath: `/${name}` })),
    {
      known: { childAt: (_, name) => (known.includes(name) ? folderRow(1, SUPER_ROOT_ID, name) : undefined) },
      savedRoots: () => rows,
      saveRoot: (row) => {
        rows.splice(0, rows.length, ...rows.filter(({ name }) => name !== row.name), row)
      },
      wallMs: () => clock.ms,
    },
  )
  const [a = assert.fail(), ab = assert.fail()] = roots.all
  return { clock, roots, rows, a, ab }
}

/** Puts the root's folder into a tree. */
function attach(root: ReturnType<typeof registry>['a'], nodeId: string): void {
  root.top ??= { key: root.key, path: root.path, isListed: true, inotifyFd: null, byWatch: new Map() }
  root.folder = createTree().addRoot(root.top, { nodeId, device: '1', inode: '2' })
}

test('a path belongs to the root whose folder it is or is below', () => {
  const { roots, a, ab } = registry()
  assert.deepEqual(
    [roots.byPath('/a'), roots.byPath('/a/x'), roots.byPath('/ab'), roots.byPath('/x')],
    [a, a, ab, undefined],
  )
})

test('roots are scanning until each was looked for, and discovering only in the first scan since they were attached', () => {
  const { roots, a, ab } = registry()
  assert.deepEqual([roots.isScanning(), roots.isDiscovering()], [true, false])
  for (const root of [a, ab]) roots.setState(root, 'offline', 'away')
  assert.deepEqual([roots.isScanning(), roots.isDiscovering()], [false, false])
  a.isUnknown = true
  roots.setState(a, 'scanning', null)
  assert.deepEqual([roots.isScanning(), roots.isDiscovering()], [true, true])
  a.isUnknown = false
  assert.deepEqual([roots.isScanning(), roots.isDiscovering()], [true, false])
})

test('only rows of watches in the config are configured', () => {
  const { roots } = registry()
  const isConfigured = (name: string) => roots.isConfigured(folderRow(1, SUPER_ROOT_ID, name))
  assert.deepEqual([isConfigured('a'), isConfigured('b')], [true, false])
})

test('a root that was never found has no row', () => {
  const { roots, rows, a } = registry()
  roots.setState(a, 'offline', 'away')
  assert.deepEqual(rows, [])
})

test('the row of a root that is offline keeps the path where its nodes are', () => {
  const { roots, rows, a } = registry({ rows: [SAVED] })
  attach(a, SAVED.nodeId)
  a.path = '/disks/b'
  roots.setState(a, 'offline', 'away')
  assert.deepEqual([rows[0]?.path, rows[0]?.state, rows[0]?.message], ['/disks/a', 'offline', 'away'])
  roots.setState(a, 'scanning', null)
  assert.equal(rows[0]?.path, '/disks/b')
})

test('a state lasts since it began, across a start only where the root was offline before it, too', () => {
  for (const [before, since] of [['offline', 500] as const, ['watching', 1_000] as const]) {
    const { clock, roots, rows, a } = registry({ rows: [{ ...SAVED, state: before }] })
    roots.setState(a, 'offline', 'away')
    assert.equal(rows[0]?.stateSinceMs, since)
    clock.ms = 2_000
    roots.setState(a, 'offline', 'another reason')
    roots.setMessage(a, 'and another')
    assert.deepEqual([rows[0]?.stateSinceMs, rows[0]?.message], [since, 'and another'])
    roots.setState(a, 'scanning', null)
    assert.equal(rows[0]?.stateSinceMs, 2_000)
  }
})

test('a root whose node is another watch’s by now keeps its row, without a node', () => {
  const { roots, rows, a } = registry({ rows: [SAVED] })
  roots.setState(a, 'offline', 'away')
  assert.equal(rows[0]?.nodeId, '')
  const other = registry({ rows: [SAVED], known: ['a'] })
  other.roots.setState(other.a, 'offline', 'away')
  assert.equal(rows.length, 1)
  assert.notEqual(other.rows[0]?.nodeId, '')
})

test('that a root was scanned to its end is noted when it is watched', () => {
  const { roots, rows, a } = registry()
  attach(a, 'id of a')
  roots.setState(a, 'scanning', null)
  assert.equal(rows[0]?.wasScanned, false)
  roots.setState(a, 'watching', null)
  assert.equal(rows[0]?.wasScanned, true)
})
