/** Holds our statx to Node's lstat: every kind of entry, odd names, sizes and times, on real filesystems. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { type TestContext, test } from 'node:test'
import { getSystemErrorName } from 'node:util'
import { pathForFs } from '@drive-feed/shared/entry-name.ts'
import { entryStatsOf } from '../../../../test/support/entry-stats.ts'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { emptyStats, statAt } from './statx.ts'

function folderWith(t: TestContext) {
  const path = temporaryFolder(t)
  const fd = openSync(path, 'r')
  t.after(() => closeSync(fd))
  return { path, fd }
}

test("the answer is lstat's for every kind of entry, and for odd names, sizes and times", (t) => {
  const { path, fd } = folderWith(t)
  const names = ['file', 'large', 'ancient', 'far', 'folder', 'link', 'fifo', 'ü📷\n', 'x\udcff']
  for (const name of ['file', 'large', 'ancient', 'far', 'ü📷\n', 'x\udcff'])
    writeFileSync(pathForFs(`${path}/${name}`), name)
  truncateSync(`${path}/large`, 6 * 1024 ** 3 + 1)
  utimesSync(`${path}/ancient`, -1.5, -12_345.678901)
  utimesSync(`${path}/far`, 1, 8_000_000_000.25)
  mkdirSync(`${path}/folder`)
  symlinkSync('folder', `${path}/link`)
  execFileSync('mkfifo', [`${path}/fifo`])
  const stats = emptyStats()
  for (const name of names) {
    assert.equal(statAt(fd, name, stats), 0, name)
    assert.deepEqual(stats, entryStatsOf(`${path}/${name}`), name)
  }
})

test('another filesystem has another device number, also between two entries of the same one', (t) => {
  const { path, fd } = folderWith(t)
  writeFileSync(`${path}/file`, '')
  const root = openSync('/', 'r')
  t.after(() => closeSync(root))
  const stats = emptyStats()
  for (const [folder, at, name] of [
    [root, '/', 'proc'],
    [fd, path, 'file'],
    [root, '/', 'proc'],
  ] as const) {
    statAt(folder, name, stats)
    assert.equal(stats.device, lstatSync(`${at}/${name}`, { bigint: true }).dev)
  }
})

test('a missing name, or a folder that is none any more, comes back as its errno, and nothing is filled in', (t) => {
  const { path, fd } = folderWith(t)
  writeFileSync(`${path}/file`, '')
  const file = openSync(`${path}/file`, 'r')
  t.after(() => closeSync(file))
  const stats = emptyStats()
  const nameOf = (errno: number) => getSystemErrorName(-errno)
  assert.equal(nameOf(statAt(fd, 'nothing', stats)), 'ENOENT')
  assert.equal(nameOf(statAt(file, 'nothing', stats)), 'ENOTDIR')
  assert.equal(nameOf(statAt(fd, 'x'.repeat(256), stats)), 'ENAMETOOLONG')
  rmSync(path, { recursive: true })
  assert.equal(nameOf(statAt(fd, 'file', stats)), 'ENOENT')
  mkdirSync(path)
  assert.deepEqual(stats, emptyStats())
})
