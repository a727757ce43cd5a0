/** Shows that the drain thread delivers every event, and reports every loss. The real thread and the real kernel. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readdirSync, renameSync, rmdirSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { until } from '../../../../test/support/until.ts'
import { truncateByPath } from '../../../../test/support/writer-calls.ts'
import { addWatch, createInotify, removeWatch } from '../posix/libc.ts'
import { type Drain, startDrain } from './drain.ts'
import { decodeEvents, FOLDER_MASK, type WatchEvent } from './inotify-events.ts'

type Watching = { drain: Drain; events: WatchEvent[]; inotifyFd: number; watch: number; dropped: () => number }

function watching(t: TestContext, path: string, backlogMax?: number): Watching {
  const events: WatchEvent[] = []
  let dropped = 0
  const drain = startDrain(
    {
      onBytes: (_, bytes) => {
        for (const event of decodeEvents(bytes)) events.push(event)
      },
      onDropped: () => {
        dropped += 1
      },
      onMounts: () => {},
      onCrash: (error) => assert.fail(error),
    },
    backlogMax,
  )
  const inotifyFd = newInotify()
  t.after(async () => {
    await drain.stop()
    closeSync(inotifyFd)
  })
  drain.add(inotifyFd)
  return { drain, events, inotifyFd, watch: watched(inotifyFd, path), dropped: () => dropped }
}

function newInotify(): number {
  const made = createInotify()
  assert.ok(made.ok)
  return made.value
}

function watched(inotifyFd: number, path: string): number {
  const made = addWatch(inotifyFd, path, FOLDER_MASK)
  assert.ok(made.ok)
  return made.value
}

function kindsOf(events: readonly WatchEvent[]): string[] {
  return events.map((event) => ('name' in event ? `${event.kind} ${event.name}` : event.kind))
}

test('the kernel sends what the decoder expects, for files, folders, moves and the folder itself', async (t) => {
  const top = join(temporaryFolder(t), 'top')
  mkdirSync(top)
  const { drain, events } = watching(t, top)
  writeFileSync(join(top, 'a'), 'x')
  await drain.drained()
  assert.deepEqual(kindsOf(events.splice(0)), ['created a', 'modified a', 'written a'])
  truncateByPath(join(top, 'a'), 0)
  await drain.drained()
  assert.deepEqual(kindsOf(events.splice(0)), ['modified a'], 'no program opens or closes it')
  renameSync(join(top, 'a'), join(top, 'b'))
  mkdirSync(join(top, 'folder'))
  unlinkSync(join(top, 'b'))
  rmdirSync(join(top, 'folder'))
  await drain.drained()
  assert.deepEqual(kindsOf(events.splice(0)), [
    'touched a',
    'touched b',
    'folder-moved folder',
    'touched b',
    'folder-moved folder',
  ])
  renameSync(top, `${top} renamed`)
  rmdirSync(`${top} renamed`)
  await drain.drained()
  assert.deepEqual(kindsOf(events), ['self-moved', 'self-moved', 'ignored'])
})

test('the same folder gives the same watch, and a removed watch is reported as ignored', async (t) => {
  const top = temporaryFolder(t)
  const { drain, events, inotifyFd, watch } = watching(t, top)
  assert.equal(watched(inotifyFd, top), watch)
  removeWatch(inotifyFd, watch)
  removeWatch(inotifyFd, watch)
  await drain.drained()
  assert.deepEqual(events, [{ kind: 'ignored', watch }])
})

test('the folder is watched through a descriptor of /proc/self/fd, as it is looked at', async (t) => {
  const top = temporaryFolder(t)
  const { drain, events, inotifyFd, watch } = watching(t, top)
  const fd = openSync(top, 'r')
  assert.equal(watched(inotifyFd, `/proc/self/fd/${fd}`), watch)
  closeSync(fd)
  writeFileSync(join(top, 'a'), '')
  await drain.drained()
  assert.deepEqual(kindsOf(events), ['created a', 'written a'])
})

test('no event is lost when 20,000 files are created and deleted', async (t) => {
  const [COUNT, ROUND] = [20_000, 2_500]
  const top = temporaryFolder(t)
  const { drain, events } = watching(t, top)
  for (let from = 0; from < COUNT; from += ROUND) {
    // In another thread, so that this one can take the events.
    const maker = new Worker(
      `const { closeSync, openSync, unlinkSync } = require('node:fs')
       for (let at = ${from}; at < ${from + ROUND}; at += 1) {
         const path = ${JSON.stringify(top)} + '/file ' + at
         closeSync(openSync(path, 'w'))
         unlinkSync(path)
       }`,
      { eval: true },
    )
    await new Promise((resolve, reject) => maker.once('exit', resolve).once('error', reject))
    // The kernel's queue holds 16,384 events, more than a round makes, so it does not overflow, however busy the
    // machine is.
    await drain.drained()
  }
  assert.ok(!events.some((event) => event.kind === 'overflow'))
  const counts = new Map<string, number>()
  for (const { kind } of events) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  // In some kernels the deletion of a file's last name gives an ATTRIB before the DELETE if no program has it open. So
  // the touched ones are at least as many.
  assert.deepEqual([counts.get('created'), counts.get('written')], [COUNT, COUNT])
  assert.ok((counts.get('touched') ?? 0) >= COUNT)
  const names = new Set(events.flatMap((event) => (event.kind === 'touched' ? [event.name] : [])))
  assert.equal(names.size, COUNT)
})

test('everything that happened before `drained` was asked has been handed over when it resolves', async (t) => {
  const top = temporaryFolder(t)
  const { drain, events } = watching(t, top)
  for (let round = 1; round <= 200; round += 1) {
    writeFileSync(join(top, `${round}`), '')
    const drained = drain.drained()
    writeFileSync(join(top, `after ${round}`), '')
    await drained
    assert.ok(
      events.some((event) => event.kind === 'written' && event.name === `${round}`),
      `round ${round}`,
    )
  }
})

test('several may wait for `drained` at the same time', async (t) => {
  const { drain } = watching(t, temporaryFolder(t))
  await Promise.all(Array.from({ length: 50 }, () => drain.drained()))
})

test('events of two instances are kept apart', async (t) => {
  const [one, two] = [temporaryFolder(t), temporaryFolder(t)]
  const byFd = new Map<number, string[]>()
  const drain = startDrain({
    onBytes: (fd, bytes) => byFd.set(fd, [...(byFd.get(fd) ?? []), ...kindsOf(decodeEvents(bytes))]),
    onDropped: () => assert.fail(),
    onMounts: () => {},
    onCrash: (error) => assert.fail(error),
  })
  const fds = [newInotify(), newInotify()] as const
  t.after(async () => {
    await drain.stop()
    for (const fd of fds) closeSync(fd)
  })
  for (const fd of fds) drain.add(fd)
  watched(fds[0], one)
  watched(fds[1], two)
  writeFileSync(join(one, 'a'), '')
  writeFileSync(join(two, 'b'), '')
  await drain.drained()
  assert.deepEqual(byFd.get(fds[0]), ['created a', 'written a'])
  assert.deepEqual(byFd.get(fds[1]), ['created b', 'written b'])
})

test('when the receiver is too far behind, events are dropped and the loss is reported, also once all is over', async (t) => {
  const top = temporaryFolder(t)
  const { drain, events, dropped } = watching(t, top, 16)
  writeFileSync(join(top, 'a'), '')
  await drain.drained()
  await until('the loss to be reported', () => dropped() > 0)
  assert.deepEqual(events, [])
})

test('events come again once the receiver has caught up', async (t) => {
  const top = temporaryFolder(t)
  // Room for one small file's events at a time.
  const { drain, events, dropped } = watching(t, top, 256)
  for (let at = 0; at < 500; at += 1) writeFileSync(join(top, `${at}`), '')
  await until('the loss to be reported', () => dropped() > 0)
  await drain.drained()
  events.length = 0
  writeFileSync(join(top, 'later'), '')
  await drain.drained()
  assert.deepEqual(kindsOf(events), ['created later', 'written later'])
})

test('stopping leaves no descriptor open, and does not need the thread to be idle', async (t) => {
  const top = temporaryFolder(t)
  const openDescriptors = () => readdirSync('/proc/self/fd').filter((fd) => fd !== '').length
  // The first thread of a process opens a few descriptors that stay open.
  const round = async () => {
    const inotifyFd = newInotify()
    const drain = startDrain({
      onBytes: () => {},
      onDropped: () => {},
      onMounts: () => {},
      onCrash: (error) => assert.fail(error),
    })
    drain.add(inotifyFd)
    watched(inotifyFd, top)
    writeFileSync(join(top, 'a'), '')
    await drain.stop()
    await drain.stop()
    closeSync(inotifyFd)
  }
  await round()
  const before = openDescriptors()
  for (let at = 0; at < 5; at += 1) await round()
  assert.equal(openDescriptors(), before)
})

test('mounting and unmounting are reported', (t) => {
  const path = temporaryFolder(t)
  const program = new URL('../../../../test/support/report-mounts.ts', import.meta.url).pathname
  // In a mount namespace of its own. Root may make one; others need a user namespace with it.
  const flags = process.geteuid?.() === 0 ? ['--mount'] : ['--mount', '--user', '--map-root-user']
  const { status, stdout, stderr } = spawnSync('unshare', [...flags, process.execPath, program, path], {
    encoding: 'utf8',
    timeout: 30_000,
  })
  if (stderr.includes('unshare') || stderr.includes('mount:')) {
    // unshare(2) and mount(2) give EPERM if a container or a sysctl forbids them. Nothing else may stop this test.
    assert.match(stderr, /not permitted|permission denied/i)
    t.skip(`mounting is forbidden here: ${stderr.trim().split('\n')[0]}`)
    return
  }
  assert.deepEqual([status, stdout.trim(), stderr], [0, 'both were reported', ''])
})
