/** Shows that packed sights come out as they went in, and which of them equal a row. */
import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type FileStats, statsAt } from '@drive-feed/shared/file-stats.ts'
import { plainNodeId } from '@drive-feed/shared/node-id.ts'
import { entryStatsOf } from '../../../../test/support/entry-stats.ts'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { sightOf } from './sight.ts'
import {
  buffersOf,
  countOf,
  createSightsBuilder,
  isPlainFile,
  isSameFile,
  isSameFolder,
  nameAt,
  plainFileAt,
  release,
  sightAt,
} from './sights.ts'
import { textAt } from './text-column.ts'

function statsOf(path: string): FileStats {
  return statsAt(path) as FileStats
}

test('what goes into the columns comes out of them', (t) => {
  const top = temporaryFolder(t)
  writeFileSync(join(top, 'file'), 'five!')
  mkdirSync(join(top, 'folder'))
  symlinkSync('file', join(top, 'link'))
  const builder = createSightsBuilder()
  for (const name of ['file', 'folder', 'link']) builder.pushStats(name, entryStatsOf(join(top, name)))
  builder.pushGone('nowhere')
  builder.pushUnlisted('.DS_Store')
  builder.pushUnreadable('secret', 'EACCES')
  assert.equal(builder.length, 6)
  const sights = structuredClone(builder.pack())
  const indexes = Array.from({ length: countOf(sights) }, (_, at) => at)
  const names = indexes.map((at) => nameAt(sights, at))
  assert.deepEqual(names, ['file', 'folder', 'link', 'nowhere', '.DS_Store', 'secret'])
  assert.deepEqual(
    indexes.map((at) => sightAt(sights, at)),
    [
      sightOf(statsOf(join(top, 'file'))),
      sightOf(statsOf(join(top, 'folder'))),
      { kind: 'unlisted' },
      { kind: 'gone' },
      { kind: 'unlisted' },
      { kind: 'unreadable', problem: 'EACCES' },
    ],
  )
})

test('inodes and devices use all 64 bits, sizes 53, times lie before 1970', (t) => {
  const path = join(temporaryFolder(t), 'file')
  writeFileSync(path, '')
  const numbers = { device: 2n ** 64n - 1n, inode: 2n ** 64n - 2n, size: 2 ** 53 - 1, mtime: -1, links: 65_000 }
  const builder = createSightsBuilder()
  builder.pushStats('file', { ...entryStatsOf(path), ...numbers })
  const sight = sightAt(builder.pack(), 0)
  assert.ok(sight.kind === 'file')
  assert.deepEqual(
    [sight.deviceNumber, sight.inode, sight.size, sight.mtime, sight.links],
    ['18446744073709551615', '18446744073709551614', Number.MAX_SAFE_INTEGER, -1, 65_000],
  )
})

test('the columns grow', (t) => {
  const stats = entryStatsOf(temporaryFolder(t))
  const builder = createSightsBuilder()
  for (let at = 0; at < 2_000; at += 1) builder.pushStats(`${at}`, { ...stats, inode: BigInt(at) })
  const sights = builder.pack()
  assert.equal(sights.kinds.length, 2_000)
  for (const at of [0, 255, 256, 511, 512, 1_999]) {
    const sight = sightAt(sights, at)
    assert.ok(sight.kind === 'folder')
    assert.equal(sight.inode, `${at}`)
  }
})

test('a known file is the same only with the same inode, size, time and birth time', (t) => {
  const path = join(temporaryFolder(t), 'file')
  writeFileSync(path, 'five!')
  const builder = createSightsBuilder()
  builder.pushStats('file', entryStatsOf(path))
  const sights = builder.pack()
  const known = sightOf(statsOf(path))
  assert.ok(known.kind === 'file')
  assert.ok(isSameFile(sights, 0, known))
  for (const other of [{ inode: '1' }, { size: 6 }, { mtime: known.mtime + 1 }, { birthTime: known.birthTime + 1 }]) {
    assert.ok(!isSameFile(sights, 0, { ...known, ...other }))
  }
  assert.ok(!isSameFolder(sights, 0, known), 'a file is no folder')
})

test('a known folder is the same whatever its times', (t) => {
  const path = temporaryFolder(t)
  const builder = createSightsBuilder()
  builder.pushStats('folder', entryStatsOf(path))
  const sights = builder.pack()
  const known = sightOf(statsOf(path))
  assert.ok(known.kind === 'folder')
  assert.ok(isSameFolder(sights, 0, { ...known, mtime: 0 } as typeof known))
  assert.ok(!isSameFolder(sights, 0, { ...known, inode: '1' }))
  assert.ok(!isSameFolder(sights, 0, { ...known, birthTime: known.birthTime + 1 }))
  assert.ok(!isSameFile(sights, 0, { ...known, size: 4096 }), 'a folder is no file')
})

test('a plain file has one name and one device, is shown by its name and was not changed of late', (t) => {
  const path = join(temporaryFolder(t), 'file')
  writeFileSync(path, '')
  const plain = { ...entryStatsOf(path), device: 1n, links: 1, ctime: 999_999, exactMtime: null }
  const isPlain = (name: string, other: Partial<typeof plain> | { exactMtime: bigint } | { kind: 'folder' } = {}) => {
    const builder = createSightsBuilder()
    builder.pushStats(name, { ...plain, ...other })
    return isPlainFile(builder.pack(), 0, 1n, 1_000)
  }
  assert.equal(isPlain('file'), true)
  assert.equal(isPlain('file', { links: 2 }), false, 'another name')
  assert.equal(isPlain('file', { device: 2n }), false, 'another device')
  assert.equal(isPlain('file', { ctime: 1_000_000 }), false, 'changed')
  assert.equal(isPlain('file', { exactMtime: 2n ** 60n }), false, 'a time that a double does not hold')
  assert.equal(isPlain('\udcff'), false, 'no UTF-8')
  assert.equal(isPlain('\ufffdFE'), false, 'shown otherwise')
  assert.equal(isPlain('file', { kind: 'folder' }), false)
})

test('ids that are asked for are those of the inodes', (t) => {
  const top = temporaryFolder(t)
  writeFileSync(join(top, 'file'), '')
  mkdirSync(join(top, 'folder'))
  const builder = createSightsBuilder()
  const stats = entryStatsOf(join(top, 'file'))
  builder.pushStats('not asked', stats)
  builder.pushStats('folder', entryStatsOf(join(top, 'folder')), '64512')
  builder.pushStats('file', stats, '64512')
  builder.pushStats('dropped', stats, '64512')
  builder.dropLast()
  const sights = builder.pack()
  const id = plainNodeId('64512', String(stats.inode))
  assert.deepEqual(
    [0, 1, 2, 3].map((at) => textAt(sights.nodeIds, at)),
    ['', '', id, ''],
  )
  for (const at of [0, 2]) assert.equal(plainFileAt(sights, at, '64512').nodeId, id)
  const { inode: _, ...facts } = plainFileAt(sights, 2, '64512')
  const { size, mtime, ctime, birthTime } = stats
  assert.deepEqual(facts, { nodeId: id, name: 'file', size, mtime, ctime, birthTime })
})

test('a builder that begins anew leaves what it gave as it was', (t) => {
  const stats = entryStatsOf(temporaryFolder(t))
  const builder = createSightsBuilder()
  for (let at = 0; at < 70_000; at += 1) builder.pushStats(`${at}`, stats)
  builder.pushUnreadable('\udcff', 'EACCES')
  const first = builder.pack()
  builder.clear()
  assert.equal(builder.length, 0)
  builder.pushGone('gone')
  const second = builder.pack()
  assert.deepEqual([countOf(first), countOf(second)], [70_001, 1])
  assert.deepEqual([nameAt(first, 69_999), sightAt(first, 70_000).kind], ['69999', 'unreadable'])
  assert.deepEqual([nameAt(second, 0), sightAt(second, 0).kind], ['gone', 'gone'])
  assert.deepEqual([second.oddNames.size, second.problems.size, first.oddNames.size], [0, 0, 1])
})

test('columns that are released hold no memory', () => {
  const builder = createSightsBuilder()
  builder.pushGone('gone')
  const sights = builder.pack()
  release(sights)
  assert.deepEqual(
    buffersOf(sights).map(({ byteLength }) => byteLength),
    buffersOf(sights).map(() => 0),
  )
  builder.pushGone('again')
  assert.equal(nameAt(builder.pack(), 1), 'again')
})
