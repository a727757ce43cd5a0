/**
 * Shows when a root is scanned, when a folder that can't be read is tried again, and which message its owner reads.
 * Scans with coverage and a real tree; the test sets the clock and takes the visits.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import pino from 'pino'
import { openRoots } from '../../../../../test/support/open-roots.ts'
import { rootFolder } from '../../../../../test/support/root-folder.ts'
import { createTree } from '../../model/folder-tree.ts'
import { createLimbo } from '../pending/limbo.ts'
import { createVisits } from '../pending/visits.ts'
import { createCoverage } from './coverage.ts'
import { createRootMessages } from './root-messages.ts'
import { createScans } from './scans.ts'

const LIMIT = { allowed: 1000, raise: () => '' }

/** One root with a folder in it, watched and scanned, and a clock that the test sets. */
function scanned() {
  const clock = { ms: 0 }
  const lines: { msg: string; root: string; folders: number }[] = []
  const tree = createTree()
  const visits = createVisits()
  const { roots } = openRoots(['media'])
  const [root = assert.fail()] = roots.all
  root.inotifyFd = 3
  const top = tree.addRoot(root, { nodeId: 'root', device: '1', inode: '2' })
  const folder = tree.add(top, 'folder', { nodeId: 'folder', device: '1', inode: '3' })
  const other = tree.addRoot(rootFolder('other', {}), { nodeId: 'other', device: '1', inode: '4' })
  tree.add(other, 'folder', { nodeId: 'other folder', device: '1', inode: '5' })
  const limits = () => ({ watches: LIMIT, instances: LIMIT })
  const messages = createRootMessages({ roots, folders: tree.size, limits, minutesMax: 60 })
  const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) })
  const coverage = createCoverage({
    ...{ roots, messages, visits, limits, log, nowMs: () => clock.ms },
    pace: { slotMs: 60_000, slotsMax: 60, quietSeconds: 600 },
    release: () => {},
    openInstance: () => false,
  })
  const scans = createScans({
    ...{ roots, coverage, tree, visits, limbo: createLimbo(), rescanHours: 24, log, nowMs: () => clock.ms },
    ...{ onScanned: () => {}, onAllDone: () => {} },
  })
  scans.start(root, 'start')
  for (const visit of visits.take(10)) visits.done(visit)
  scans.finishThoseDone()
  return { clock, visits, root, folder, scans, coverage, lines }
}

test('a scan that is asked for during another one follows it, and is not a first one', () => {
  const { visits, root, scans } = scanned()
  const end = () => {
    for (const visit of visits.take(10)) visits.done(visit)
    scans.finishThoseDone()
    return root.state
  }
  scans.start(root, 'back')
  assert.equal(root.state.kind === 'scanning' && root.state.isFirst, true)
  scans.start(root, 'overflow')
  scans.start(root, 'overflow')
  const second = end()
  assert.equal(second.kind === 'scanning' && !second.isFirst, true)
  assert.equal(end().kind, 'watching')
  const { rescans, overflows } = scans.counts()
  assert.deepEqual([rescans, overflows], [2, 2])
})

test('the line of a complete scan has the folders of that root, whatever is in others', () => {
  const { lines } = scanned()
  const [line] = lines.filter(({ msg }) => msg === 'scan is complete')
  assert.deepEqual([line?.root, line?.folders], ['media', 2])
})

test('I7: a folder that can not be read is named with its root, and tried again after a minute, then less and less often, until it can', () => {
  const { clock, visits, root, folder, scans, coverage } = scanned()
  assert.deepEqual([root.state.kind, root.message], ['watching', null])
  coverage.unreadable(folder, { what: 'folder', problem: 'EIO: i/o error' })
  assert.match(root.message ?? '', /^\/media\/folder can't be read \(EIO: i\/o error\); check permissions and the disk/)
  const tried: number[] = []
  for (let minute = 1; minute <= 30; minute += 1) {
    clock.ms = minute * 61_000
    scans.startDue()
    for (const visit of visits.take(10)) {
      assert.deepEqual(visit, { folder, isDeep: true })
      tried.push(minute)
      visits.done(visit)
    }
    scans.finishThoseDone()
  }
  assert.deepEqual(tried, [1, 2, 4, 8, 16, 24])
  coverage.listed(folder, null)
  assert.equal(root.message, null)
  clock.ms = 40 * 61_000
  scans.startDue()
  assert.deepEqual(visits.take(10), [])
})

test('a folder something in which can not be read is listed again, without what is below, the top too', () => {
  for (const which of ['folder', 'top'] as const) {
    const { clock, visits, root, folder, scans, coverage } = scanned()
    const listed = which === 'folder' ? folder : (root.top ?? assert.fail('it is attached'))
    coverage.unreadable(listed, { what: 'entry', problem: 'EIO: i/o error' })
    assert.match(root.message ?? '', /^something in \/media(\/folder)? can't be read \(EIO: i\/o error\)/)
    clock.ms = 61_000
    scans.startDue()
    assert.deepEqual(visits.take(10), [{ folder: listed, isDeep: false }])
    visits.done({ folder: listed, isDeep: false })
    coverage.listed(listed, null)
    assert.equal(root.message, null)
  }
})

test('a folder that could not be read itself is listed with all below until it can be, also when something in it is seen', () => {
  const { clock, visits, folder, scans, coverage } = scanned()
  coverage.unreadable(folder, { what: 'folder', problem: 'EIO: i/o error' })
  coverage.unreadable(folder, { what: 'entry', problem: 'EIO: i/o error' })
  clock.ms = 61_000
  scans.startDue()
  assert.deepEqual(visits.take(10), [{ folder, isDeep: true }])
  visits.done({ folder, isDeep: true })
  coverage.listed(folder, 'EIO: i/o error')
  scans.finishThoseDone()
  clock.ms = 2 * 61_000
  scans.startDue()
  assert.deepEqual(visits.take(10), [{ folder, isDeep: false }])
})

test('a folder that is yet to be listed with all below stays so when only something in it is tried again', () => {
  for (const what of ['entry', 'folder'] as const) {
    const { clock, folder, scans, coverage } = scanned()
    folder.needsVisit = true
    coverage.unreadable(folder, { what, problem: 'EIO: i/o error' })
    clock.ms = 61_000
    scans.startDue()
    assert.equal(folder.needsVisit, what === 'entry')
  }
})

test('that a folder can not be read itself is said also when something in it could not be, for the same reason', () => {
  const { root, folder, coverage } = scanned()
  coverage.unreadable(folder, { what: 'entry', problem: 'EIO: i/o error' })
  coverage.unreadable(folder, { what: 'folder', problem: 'EIO: i/o error' })
  assert.match(root.message ?? '', /^\/media\/folder can't be read/)
})

test('how many folders can not be read is said, with one of them', () => {
  const { root, folder, coverage } = scanned()
  coverage.unreadable(folder, { what: 'folder', problem: 'EACCES: permission denied' })
  coverage.listed({ ...folder, name: 'other' }, 'EIO: i/o error')
  assert.match(root.message ?? '', /^\/media\/folder and 1 more folders can't be read \(EACCES: permission denied\)/)
})
