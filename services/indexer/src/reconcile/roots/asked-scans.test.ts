/** Shows when a scan that the owner asks for begins, and when it is said to be done. A table of states stands in for roots. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import pino from 'pino'
import { createTree } from '../../model/folder-tree.ts'
import { createVisits } from '../pending/visits.ts'
import { createAskedScans } from './asked-scans.ts'
import { createRoot, type LiveState, type Root } from './root.ts'

const WATCHING: LiveState = { kind: 'watching', nextRescanMs: 0 }
const SCANNING: LiveState = { kind: 'scanning', startedMs: 0, isFirst: false }
const OFFLINE: LiveState = {
  kind: 'offline',
  mustList: false,
  away: { code: 'root_offline', text: '', fix: '', message: '' },
}

function setUp(canDrop = true) {
  const tree = createTree()
  const root = createRoot({ name: 'media', path: '/media', configuredPath: '/media' }, 0) as Root & { state: LiveState }
  const top = tree.addRoot(root, { nodeId: 'top', device: '1', inode: '1' })
  tree.add(top, 'folder', { nodeId: 'folder', device: '1', inode: '2' })
  const visits = createVisits()
  const asked = new Set<string>()
  const started: string[] = []
  const scans = createAskedScans({
    ...{ tree, visits, log: pino({ level: 'silent' }) },
    asked: () => asked,
    done: (id) => canDrop && asked.delete(id),
    roots: { of: () => root, isScanning: () => root.state.kind === 'starting' },
    scans: { start: (_, reason) => started.push(reason) },
  })
  root.state = WATCHING
  return { root, visits, asked, started, scans }
}

test('a folder is done when nothing of its root is left to list, and stays asked for until then', () => {
  const { visits, asked, scans } = setUp()
  asked.add('folder')
  scans.begin()
  scans.begin()
  scans.finishThoseDone()
  assert.deepEqual([visits.size(), [...asked]], [1, ['folder']])
  for (const visit of visits.take(9)) visits.done(visit)
  scans.finishThoseDone()
  assert.deepEqual([...asked], [])
})

test('a root is scanned, and done when the scan is', () => {
  const { root, asked, started, scans } = setUp()
  asked.add('top')
  scans.begin()
  root.state = SCANNING
  scans.finishThoseDone()
  assert.deepEqual([started, [...asked]], [['owner'], ['top']])
  root.state = WATCHING
  scans.finishThoseDone()
  assert.deepEqual([...asked], [])
})

test('a root that starts is waited for; one that is away, and an unknown folder, end it', () => {
  const { root, asked, started, scans } = setUp()
  root.state = { kind: 'starting' }
  for (const id of ['top', 'unknown']) asked.add(id)
  scans.begin()
  assert.deepEqual([started, asked.size], [[], 2])
  root.state = OFFLINE
  scans.begin()
  assert.deepEqual([started, asked.size], [[], 0])
})

test('a wish that can not be taken away is fulfilled once', () => {
  const { asked, started, scans } = setUp(false)
  asked.add('top')
  for (let tick = 0; tick < 3; tick += 1) {
    scans.begin()
    scans.finishThoseDone()
  }
  assert.deepEqual(started, ['owner'])
})
