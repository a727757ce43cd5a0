/** Shows what is known of the watches before the config counts, and which configs may not upgrade a database. */
import assert from 'node:assert/strict'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openWriter } from '@drive-feed/shared/open-database.ts'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { knownWatches, watchesLost } from './known-watches.ts'

const ORIGINAL = new URL('../../../../test/data/original-1.0.1.db', import.meta.url)

test('names and paths of all versions are known, and nothing of what is no database', (t) => {
  const path = join(temporaryFolder(t), 'feed.db')
  assert.deepEqual(knownWatches(path), { names: [], paths: new Set(), isOlder: false })
  const { sqlite } = openWriter(path)
  sqlite.exec(
    `INSERT INTO watch_roots (name, node_id, path, configured_path, state, state_since_ms, was_scanned) VALUES ('media', 'm', '/a', '/b', 'online', 0, 1)`,
  )
  assert.deepEqual(knownWatches(path), { names: ['media'], paths: new Set(['/a', '/b']), isOlder: false })
  sqlite.pragma('user_version = 6')
  assert.equal(knownWatches(path).isOlder, true)
  sqlite.close()
})

test('nothing is known of a damaged file, and nothing ends for it', (t) => {
  const path = join(temporaryFolder(t), 'feed.db')
  const { sqlite } = openWriter(path)
  const page = sqlite.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'watch_roots'").pluck().get() as number
  const size = sqlite.pragma('page_size', { simple: true }) as number
  sqlite.pragma('wal_checkpoint(TRUNCATE)')
  sqlite.close()
  const bytes = readFileSync(path)
  bytes.fill(0xee, (page - 1) * size, page * size)
  writeFileSync(path, bytes)
  assert.deepEqual(knownWatches(path).names, [])
})

test('of the original’s database the names are known', (t) => {
  const path = join(temporaryFolder(t), 'feed.db')
  copyFileSync(ORIGINAL, path)
  assert.deepEqual(knownWatches(path), { names: ['media', 'photos'], paths: new Set(), isOlder: true })
})

test('an older database is upgraded only by a config that names all its watches, at whatever path', () => {
  const known = { names: ['photos', 'media'], paths: new Set<string>(), isOlder: true }
  assert.equal(watchesLost(known, ['media', 'more', 'photos']), null)
  assert.match(watchesLost(known, ['photos']) ?? '', /has "media", and the config has not: name it too \(its folder/)
  assert.match(watchesLost(known, ['films']) ?? '', /has "media", "photos", .* name them too \(their folder/)
  assert.equal(watchesLost({ ...known, isOlder: false }, []), null)
})
