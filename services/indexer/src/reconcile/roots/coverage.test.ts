/**
 * Shows which folders get the few watches that a kernel allows, and how often the others are listed. Coverage with its
 * budget of watches and a real tree; the test moves the clock.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import pino from 'pino'
import { openRoots } from '../../../../../test/support/open-roots.ts'
import { createTree, type Folder } from '../../model/folder-tree.ts'
import { createVisits } from '../pending/visits.ts'
import { createCoverage } from './coverage.ts'
import { createRootMessages } from './root-messages.ts'

/** When the clock is at 0, seconds since 1970. */
const START_SECONDS = 1_600_000_000
const NEVER_CHANGED = { allowed: 2, raise: () => '' }

/**
 * A root with folders `0`, `1`, …, of which the first ones have a watch, and a kernel that has no more. A slot is a minute;
 * quiet is ten.
 */
function scarce(folderCount: number, watches: number, { hasInstance = true } = {}) {
  const clock = { seconds: 0 }
  const tree = createTree()
  const visits = createVisits()
  const { roots } = openRoots(['media'])
  const [root = assert.fail()] = roots.all
  root.inotifyFd = hasInstance ? 3 : null
  const top = tree.addRoot(root, { nodeId: 'root', device: '1', inode: '1' })
  const scans: number[] = []
  let free = 0
  const limits = () => ({ watches: NEVER_CHANGED, instances: NEVER_CHANGED })
  const coverage = createCoverage({
    ...{ roots, visits, limits, log: pino({ level: 'silent' }) },
    messages: createRootMessages({ roots, folders: tree.size, limits, minutesMax: 60 }),
    pace: { slotMs: 60_000, slotsMax: 60, quietSeconds: 600 },
    release: (folder) => {
      tree.setWatch(folder, null)
      free += 1
    },
    openInstance: () => false,
    nowMs: () => (START_SECONDS + clock.seconds) * 1000,
  })
  let wd = 0
  const watch = (folder: Folder) => {
    wd += 1
    tree.setWatch(folder, wd)
    coverage.watched(folder)
  }
  const folders = Array.from({ length: folderCount }, (_, n) => {
    return tree.add(top, `${n}`, { nodeId: `${n}`, device: '1', inode: `${n + 2}` })
  })
  roots.setState(root, { kind: 'scanning', startedMs: 0, isFirst: true }, null)
  for (const [n, folder] of folders.entries()) {
    if (n < watches) watch(folder)
    else if (hasInstance) coverage.refused(folder, 'max_user_watches')
  }
  roots.setState(root, { kind: 'watching', nextRescanMs: 0 }, null)
  /** Lists what is waiting; those of `changed` are found to be. Gives the names. */
  const visit = (changed: readonly Folder[] = []): string[] =>
    visits.take(1_000).map((one) => {
      const { folder } = one
      if (folder.watch === null && free > 0 && coverage.mayAsk(folder)) {
        free -= 1
        watch(folder)
      } else if (folder.watch === null) coverage.refused(folder, 'max_user_watches')
      if (changed.includes(folder)) coverage.stirred(folder)
      visits.done(one)
      return folder.name
    })
  const startDue = () => coverage.startDue(() => scans.push(clock.seconds / 60))
  /** Gives what is listed in each minute, with its number. */
  const pass = (minutes: number, changed: readonly Folder[] = []): [number, string][] => {
    const listed: [number, string][] = []
    for (const end = clock.seconds + minutes * 60; clock.seconds < end; ) {
      clock.seconds += 3
      startDue()
      const names = visit(changed)
      coverage.visited()
      if (names.length > 0) listed.push([clock.seconds / 60, names.join(' ')])
    }
    return listed
  }
  const watched = () => folders.filter((folder) => folder.watch !== null).map(({ name }) => name)
  /** Another program has the next watch that is free. */
  const takeAway = () => {
    free -= 1
  }
  return { clock, tree, root, folders, coverage, visits, scans, startDue, pass, watched, takeAway }
}

test('an idle box is listed once an hour, all in one burst', () => {
  const { pass } = scarce(9, 3)
  pass(120)
  assert.deepEqual(
    pass(240),
    [180, 240, 300, 360].map((minute) => [minute, '3 4 5 6 7 8']),
  )
})

test('a folder without a watch in which a listing finds a change gets the watch of the one quiet longest, which is listed then', () => {
  const { clock, folders, pass, watched } = scarce(6, 3)
  pass(11)
  for (const [n, folder] of folders.slice(0, 3).entries()) folder.stirredSeconds = START_SECONDS + (n === 1 ? 1 : 2)
  const [zero, , , , four] = folders as [Folder, Folder, Folder, Folder, Folder]
  zero.stirredSeconds = START_SECONDS + clock.seconds
  assert.deepEqual(pass(5.1, [four]), [
    [16, '3 4 5'],
    [16.05, '4'],
  ])
  assert.deepEqual(watched(), ['0', '2', '4'])
  assert.deepEqual(
    pass(1).filter(([, names]) => names.includes('1')),
    [[17, '1']],
  )
})

test('one that was told of by its parent, or is new, gets a watch within seconds', () => {
  const { tree, root, folders, coverage, pass, watched } = scarce(6, 3)
  pass(12.1)
  coverage.stirred(folders[5] as Folder)
  assert.deepEqual(pass(0.05)[0]?.[1], '5')
  const added = tree.add(root.top as Folder, 'new', { nodeId: 'new', device: '1', inode: '99' })
  coverage.refused(added, 'max_user_watches')
  assert.deepEqual(pass(0.05)[0]?.[1], 'new')
  assert.notEqual(added.watch, null)
  assert.deepEqual(watched(), ['2', '5'])
})

test('where all with a watch are busy none changes hands, and the others are listed every minute while they change', () => {
  const { clock, folders, pass, watched } = scarce(6, 3)
  const listed: string[] = []
  for (let minute = 0; minute < 30; minute += 1) {
    for (const folder of folders.slice(0, 3)) folder.stirredSeconds = START_SECONDS + clock.seconds
    listed.push(...pass(1, folders.slice(5)).map(([, names]) => names))
  }
  assert.deepEqual(watched(), ['0', '1', '2'])
  assert.equal(listed.filter((names) => names.includes('5')).length, 30)
  assert.equal(listed.filter((names) => names.includes('4')).length, 5)
})

test('what a scan found first gives its watch at once, what got one later keeps it for ten minutes', () => {
  const { tree, root, folders, coverage, pass, watched } = scarce(4, 1)
  pass(1.5)
  coverage.stirred(folders[1] as Folder)
  pass(0.1)
  assert.deepEqual(watched(), ['1'])
  coverage.stirred(folders[2] as Folder)
  pass(9)
  assert.deepEqual(watched(), ['1'])
  const added = tree.add(root.top as Folder, 'new', { nodeId: 'new', device: '1', inode: '99' })
  tree.setWatch(added, 99)
  coverage.watched(added)
  pass(2)
  coverage.stirred(folders[2] as Folder)
  pass(0.1)
  assert.deepEqual(watched(), ['2'])
  assert.notEqual(added.watch, null)
})

test('while a visit is under way no watch is taken: it may be asking for the same', () => {
  const { folders, coverage, visits, pass, watched } = scarce(4, 3)
  pass(12)
  visits.add(folders[0] as Folder, false)
  const taken = visits.take(1)
  coverage.stirred(folders[3] as Folder)
  pass(0.5)
  assert.deepEqual(watched(), ['0', '1', '2'])
  for (const visit of taken) visits.done(visit)
  pass(0.05)
  assert.deepEqual(watched(), ['1', '2', '3'])
})

test('a watch that another program took is followed by no other in that minute', () => {
  const { folders, coverage, pass, watched, takeAway } = scarce(8, 5)
  pass(12.1)
  takeAway()
  coverage.stirred(folders[7] as Folder)
  pass(0.5)
  assert.equal(watched().length, 4)
})

test('a watch that was taken for a folder is asked for by no other', () => {
  const { folders, coverage, visits, startDue, watched } = scarce(6, 3)
  assert.equal(coverage.mayAsk(folders[4] as Folder), true)
  coverage.stirred(folders[5] as Folder)
  startDue()
  assert.equal(watched().length, 2)
  const asking = (names: string) =>
    folders
      .filter(coverage.mayAsk)
      .map(({ name }) => name)
      .join(' ') === names
  assert.ok(asking('1 2 5'))
  for (const visit of visits.take(9)) visits.done(visit)
  coverage.visited()
  assert.ok(asking('0 1 2 3 4 5'))
})

test('a root without an instance is scanned less and less often, and often again when a scan found something', () => {
  const { root, folders, coverage, scans, pass } = scarce(2, 0, { hasInstance: false })
  coverage.scanned(root)
  pass(130)
  assert.deepEqual(scans, [1, 2, 4, 8, 16, 32, 60, 120])
  coverage.stirred(folders[0] as Folder)
  coverage.scanned(root)
  pass(10)
  assert.deepEqual(scans.slice(8), [131, 132, 136])
})
