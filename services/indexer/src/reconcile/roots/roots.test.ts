/** The registry of roots: what each answer is made of, and what it writes to the rows of the roots. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SUPER_ROOT_ID, type WatchRootRow } from '@drive-feed/shared/schema.ts'
import { openRoots } from '../../../../../test/support/open-roots.ts'
import { folderRow } from '../../../../../test/support/rows.ts'
import { createTree } from '../../model/folder-tree.ts'
import type { LiveState, Root } from './root.ts'

const SAVED: WatchRootRow = {
  ...{ name: 'a', nodeId: 'id of a', path: '/disks/a', configuredPath: '/a', state: 'watching', stateSinceMs: 500 },
  ...{ message: null, unwatchedFolders: 0, wasScanned: true },
}

const AWAY: LiveState = {
  kind: 'offline',
  away: { code: 'root_offline', text: 'away', fix: '', message: 'away' },
  mustList: false,
}
const SCANNING: LiveState = { kind: 'scanning', startedMs: 0, isFirst: true }
const WATCHING: LiveState = { kind: 'watching', nextRescanMs: 0 }

/** Two watches, `/a` and `/ab`. */
function registry(given: { rows?: WatchRootRow[]; known?: readonly string[] } = {}) {
  const made = openRoots(['a', 'ab'], { ...given, clock: { ms: 1_000.7 } })
  const [a = assert.fail(), ab = assert.fail()] = made.roots.all
  return { ...made, a, ab }
}

function attach(root: Root, nodeId: string): void {
  createTree().addRoot(root, { nodeId, device: '1', inode: '2' })
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
  for (const root of [a, ab]) roots.setState(root, AWAY, 'away')
  assert.deepEqual([roots.isScanning(), roots.isDiscovering()], [false, false])
  roots.setState(a, SCANNING, null)
  assert.deepEqual([roots.isScanning(), roots.isDiscovering()], [true, true])
  roots.setState(a, { ...SCANNING, isFirst: false }, null)
  assert.deepEqual([roots.isScanning(), roots.isDiscovering()], [true, false])
})

test('only rows of watches in the config are configured', () => {
  const { roots } = registry()
  const isConfigured = (name: string) => roots.isConfigured(folderRow(1, SUPER_ROOT_ID, name))
  assert.deepEqual([isConfigured('a'), isConfigured('b')], [true, false])
})

test('a root that was never found has no row', () => {
  const { roots, rows, a } = registry()
  roots.setState(a, AWAY, 'away')
  assert.deepEqual(rows, [])
})

test('the row of a root that is offline keeps the path where its nodes are', () => {
  const { roots, rows, a } = registry({ rows: [SAVED] })
  attach(a, SAVED.nodeId)
  a.path = '/disks/b'
  roots.setState(a, AWAY, 'away')
  assert.deepEqual([rows[0]?.path, rows[0]?.state, rows[0]?.message], ['/disks/a', 'offline', 'away'])
  roots.setState(a, SCANNING, null)
  assert.equal(rows[0]?.path, '/disks/b')
})

test('a state lasts since it began, across a start only where the root was offline before it, too', () => {
  for (const [before, since] of [['offline', 500] as const, ['watching', 1_000] as const]) {
    const { clock, roots, rows, a } = registry({ rows: [{ ...SAVED, state: before }] })
    roots.setState(a, AWAY, 'away')
    assert.equal(rows[0]?.stateSinceMs, since)
    clock.ms = 2_000
    roots.setState(a, AWAY, 'another reason')
    roots.setMessage(a, 'and another')
    assert.deepEqual([rows[0]?.stateSinceMs, rows[0]?.message], [since, 'and another'])
    roots.setState(a, SCANNING, null)
    assert.equal(rows[0]?.stateSinceMs, 2_000)
  }
})

test('a root whose node is another watch’s by now keeps its row, without a node', () => {
  const { roots, rows, a } = registry({ rows: [SAVED] })
  roots.setState(a, AWAY, 'away')
  assert.equal(rows[0]?.nodeId, '')
  const other = registry({ rows: [SAVED], known: ['a'] })
  other.roots.setState(other.a, AWAY, 'away')
  assert.equal(rows.length, 1)
  assert.notEqual(other.rows[0]?.nodeId, '')
})

test('that a root was scanned to its end is noted when it is watched', () => {
  const { roots, rows, a } = registry()
  attach(a, 'id of a')
  roots.setState(a, SCANNING, null)
  assert.equal(rows[0]?.wasScanned, false)
  roots.setState(a, WATCHING, null)
  assert.equal(rows[0]?.wasScanned, true)
})

test('another folder of a root was not scanned, whatever was before', () => {
  for (const [nodeId, expected] of [[SAVED.nodeId, true] as const, ['another', false] as const]) {
    const { roots, rows, a } = registry({ rows: [SAVED] })
    attach(a, nodeId)
    roots.setState(a, SCANNING, null)
    assert.deepEqual([a.wasScanned, rows[0]?.wasScanned], [expected, expected])
  }
})
