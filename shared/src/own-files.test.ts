/** Shows which files count as our own, under every name that leads to them. Real files, hard links and folders. */
import assert from 'node:assert/strict'
import { linkSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../../test/support/temporary-folder.ts'
import { type FileStats, statsAt } from './file-stats.ts'
import { createOwnFiles } from './own-files.ts'

const stats = (path: string) => statsAt(path) as FileStats

test('the database, the files beside it and the log are known by folder and name, whether they are there or not', (t) => {
  const top = temporaryFolder(t)
  for (const name of ['db', 'logs', 'other']) mkdirSync(join(top, name))
  const own = createOwnFiles({ databasePath: join(top, 'db/feed.db'), logPath: join(top, 'logs/feed.log') })
  const names = [
    'feed.db',
    'feed.db-wal',
    'feed.db-shm',
    'feed.db-journal',
    'feed.db.lock',
    'feed.db.accept-1',
    'feed.db.restore',
    'feed.db.restore.partial-7-wal',
  ]
  const asked = [...names, 'feed.log', 'feed.db.bak', 'photo.jpg']
  assert.deepEqual(asked.filter(own.namesIn(stats(join(top, 'db'))) ?? (() => false)), names)
  assert.deepEqual(asked.filter(own.namesIn(stats(join(top, 'logs'))) ?? (() => false)), ['feed.log'])
  assert.equal(own.namesIn(stats(join(top, 'other'))), null)
  assert.deepEqual(asked.filter(own.mayBeOwn), [...names, 'feed.log'])
})

test('own files are known under another name, such as a hard link or a mounted file, as long as they are there', (t) => {
  const top = temporaryFolder(t)
  const own = createOwnFiles({ databasePath: join(top, 'feed.db'), logPath: null })
  const wal = join(top, 'feed.db-wal')
  const link = join(top, 'link')
  writeFileSync(wal, '')
  linkSync(wal, link)
  assert.equal(own.isOwn(stats(link)), false, 'the log was not there')
  own.refresh()
  assert.equal(own.isOwn(stats(link)), true)
  rmSync(wal)
  own.refresh()
  assert.equal(own.isOwn(stats(link)), false)
  writeFileSync(join(top, 'other'), '')
  assert.equal(own.isOwn(stats(join(top, 'other'))), false)
})

test('a folder that is gone is not ours, and one that takes its place is', (t) => {
  const top = temporaryFolder(t)
  const folder = join(top, 'db')
  mkdirSync(folder)
  const own = createOwnFiles({ databasePath: join(folder, 'feed.db'), logPath: null })
  const before = stats(folder)
  renameSync(folder, join(top, 'away'))
  own.refresh()
  assert.equal(own.namesIn(before), null)
  mkdirSync(folder)
  own.refresh()
  assert.notEqual(own.namesIn(stats(folder)), null)
})
