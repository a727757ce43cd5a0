/** Shows that packed sights come out as they went in, and which of them equal a row. */
import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type FileStats, statsAt } from '@drive-feed/shared/file-stats.ts'
import { entryStatsOf } from '../../../../test/support/entry-stats.ts'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { sightOf } from './sight.ts'
import { createSightsBuilder, isSameFile, isSameFolder, sightAt } from './sights.ts'

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
  assert.deepEqual(sights.names, ['file', 'folder', 'link', 'nowhere', '.DS_Store', 'secret'])
  assert.deepEqual(
    sights.names.map((_, at) => sightAt(sights, at)),
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
