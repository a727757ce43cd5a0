/**
 * Shows that writes are noticed of which few events tell: without a close, a name or an event, or in a file that can
 * not be opened. The test makes the system calls itself.
 */
import assert from 'node:assert/strict'
import {
  appendFileSync,
  chmodSync,
  closeSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  rmSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { assertAllEqual } from '../support/convergence.ts'
import { hashJobs, hashOfName, md5, sizeOfName } from '../support/observations.ts'
import { createPair, type Pair } from '../support/pair.ts'
import { until } from '../support/until.ts'
import { giveName, holdLease, mapFile, openNameless, setMtimeAlone, truncateByPath } from '../support/writer-calls.ts'

const HOUR_AGO = Date.now() / 1_000 - 3_600

test('truncate(2) by path, and an mtime that is set alone, are seen, though no program opens or closes the file', async (t) => {
  const pair = await createPair(t)
  writeFileSync(pair.path('cut'), 'a long text')
  writeFileSync(pair.path('dated'), 'a text')
  await Promise.all([pair.startIndexer(), pair.startApi()])
  await assertAllEqual(pair)
  truncateByPath(pair.path('cut'), 6)
  setMtimeAlone(pair.path('dated'), 1_000_000_000n)
  await until(
    'both to be read again',
    () => hashOfName(pair, 'cut') === md5('a long') && mtimeOf(pair, 'dated') === 1e15,
  )
  await assertAllEqual(pair)
})

test('a file that stays open and grows has its size in the feed, and is not read while it grows', async (t) => {
  const pair = await createPair(t)
  await Promise.all([pair.startIndexer(), pair.startApi()])
  writeFileSync(pair.path('log'), 'first')
  await until('the file to be read', () => hashOfName(pair, 'log') === md5('first'))
  const before = await hashJobs(pair)
  const fd = openSync(pair.path('log'), 'a')
  for (let line = 0; line < 60; line += 1) {
    writeSync(fd, 'x'.repeat(10))
    await sleep(50)
  }
  await until('its size in the feed while it is open', () => sizeOfName(pair, 'log') === 605)
  assert.ok((await hashJobs(pair)) - before <= 1)
  closeSync(fd)
  await assertAllEqual(pair)
})

test('a writer that has the file open under a name that is gone is noticed, and so is one without a name', async (t) => {
  const pair = await createPair(t)
  await Promise.all([pair.startIndexer(), pair.startApi()])
  const renamed = openSync(join(pair.folder, 'elsewhere'), 'w')
  writeSync(renamed, 'one')
  linkSync(join(pair.folder, 'elsewhere'), pair.path('linked'))
  unlinkSync(join(pair.folder, 'elsewhere'))
  const nameless = openNameless(pair.path())
  writeSync(nameless, 'one')
  giveName(nameless, pair.path('nameless'))
  const names = ['linked', 'nameless']
  await until('both to be read', () => names.every((name) => hashOfName(pair, name) === md5('one')))
  const jobs = await hashJobs(pair)
  // The first looks find nothing new, and read nothing.
  await sleep(3_500)
  assert.equal(await hashJobs(pair), jobs)
  for (const fd of [renamed, nameless]) writeSync(fd, ' two')
  for (const fd of [renamed, nameless]) closeSync(fd)
  await until('both to be read again', () => names.every((name) => hashOfName(pair, name) === md5('one two')))
  await assertAllEqual(pair)
})

test('bytes that are written through a mapping to a page that is dirty already are read when the mapping ends', async (t) => {
  const pair = await createPair(t)
  writeFileSync(pair.path('mapped'), Buffer.alloc(8_192))
  await Promise.all([pair.startIndexer(), pair.startApi()])
  await assertAllEqual(pair)
  const fd = openSync(pair.path('mapped'), 'r+')
  const mapping = mapFile(fd, 8_192)
  closeSync(fd)
  mapping.write('first')
  // Has the file looked at and read while it is mapped.
  chmodSync(pair.path('mapped'), 0o600)
  const contentWith = (text: string) => Buffer.concat([Buffer.from(text), Buffer.alloc(8_192 - text.length)])
  await until('the file to be read', () => hashOfName(pair, 'mapped') === md5(contentWith('first')))
  mapping.write('other')
  await sleep(100)
  mapping.end()
  await until('the file to be read again', () => hashOfName(pair, 'mapped') === md5(contentWith('other')))
  await assertAllEqual(pair)
})

test('a file that can not be opened for a moment, because of a lease, is asked for again soon', async (t) => {
  const pair = await createPair(t)
  await Promise.all([pair.startIndexer(), pair.startApi()])
  writeFileSync(join(pair.folder, 'held'), 'text')
  const fd = openSync(join(pair.folder, 'held'), 'r+')
  const giveBack = holdLease(fd)
  linkSync(join(pair.folder, 'held'), pair.path('held'))
  await until('the file to be listed', () => sizeOfName(pair, 'held') !== null)
  await sleep(700)
  const state = pair.read((q) => q.prepare("SELECT metadata_state FROM nodes WHERE name = 'held'").pluck().get())
  assert.equal(state, 'fresh', 'not unreadable')
  giveBack()
  closeSync(fd)
  await until('the file to be read', () => hashOfName(pair, 'held') === md5('text'))
})

test('a file that nobody writes to is read soon, however old its inode is and whatever had its name before', async (t) => {
  const pair = await createPair(t, { config: { settle_ms: 200 } })
  await pair.startIndexer()
  await t.test('a file that is linked in and unlinked elsewhere, as imports do', async () => {
    writeFileSync(join(pair.folder, 'old'), 'old')
    utimesSync(join(pair.folder, 'old'), HOUR_AGO, HOUR_AGO)
    linkSync(join(pair.folder, 'old'), pair.path('imported'))
    unlinkSync(join(pair.folder, 'old'))
    await readSoon(pair, 'imported')
  })
  await t.test('a file that was written just before', async () => {
    writeFileSync(join(pair.folder, 'new'), 'new')
    linkSync(join(pair.folder, 'new'), pair.path('linked'))
    unlinkSync(join(pair.folder, 'new'))
    await readSoon(pair, 'linked')
  })
  await t.test('files in folders that are removed and made again quickly', async () => {
    for (let round = 0; round < 15; round += 1) {
      rmSync(pair.path('d'), { recursive: true, force: true })
      for (let n = 0; n < 30; n += 1) {
        mkdirSync(pair.path('d', `${n}`), { recursive: true })
        writeFileSync(pair.path('d', `${n}`, `f${n}`), `${round}`)
      }
    }
    for (let n = 0; n < 30; n += 1) await readSoon(pair, `f${n}`)
  })
  await t.test('a file that grew and was closed while its folder was not watched yet', async () => {
    mkdirSync(pair.path('deep/a/b/c'), { recursive: true })
    const fd = openSync(pair.path('deep/a/b/c/grown'), 'w')
    writeSync(fd, 'text')
    ftruncateSync(fd, 2)
    closeSync(fd)
    appendFileSync(pair.path('deep/a/b/c/grown'), 'xt')
    await readSoon(pair, 'grown')
  })
})

test('times that a double can not hold are kept to the microsecond, read once, and sent as they are', async (t) => {
  const pair = await createPair(t)
  const times: Readonly<Record<string, bigint>> = {
    2300: 10_413_792_000n,
    1600: -11_676_096_000n,
    2255: 9_007_199_255n,
  }
  await Promise.all([pair.startIndexer(), pair.startApi()])
  for (const [name, seconds] of Object.entries(times)) {
    writeFileSync(pair.path(name), name)
    setMtimeAlone(pair.path(name), seconds, 123_457_000n)
  }
  for (const name of Object.keys(times)) await readSoon(pair, name)
  const jobs = await hashJobs(pair)
  await sleep(2_000)
  assert.equal(await hashJobs(pair), jobs, 'the files are not read again and again')
  const { changes } = (await (await fetch(`${pair.url}/api/v1/changes`)).json()) as {
    changes: { node: { name: string; mtime: string } }[]
  }
  for (const name of Object.keys(times)) {
    const kept = lstatSync(pair.path(name), { bigint: true }).mtimeNs / 1_000n
    const told = changes.find(({ node }) => node.name === name)?.node.mtime
    // Not every filesystem keeps such times. Whatever it keeps is sent to the microsecond.
    assert.ok(told?.includes(String(kept % 1_000_000n === 0n ? '' : kept % 1_000_000n)), `${name}: ${told}, ${kept}`)
  }
})

/** Far sooner than a file that is held back because it may be written to, and with time to spare on a busy machine. */
const SOON_MS = 8_000

async function readSoon(pair: Pair, name: string): Promise<void> {
  await until(`${name} to be read`, () => hashOfName(pair, name) !== '', SOON_MS)
}

function mtimeOf(pair: Pair, name: string): number | undefined {
  return pair.read((q) => q.prepare<[string], number>('SELECT mtime FROM nodes WHERE name = ?').pluck().get(name))
}
