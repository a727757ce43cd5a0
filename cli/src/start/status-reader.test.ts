/** Shows what is read of an indexer's status: a real database in a temporary folder. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { openWriter } from '@drive-feed/shared/open-database.ts'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import { createStatusReader } from './status-reader.ts'

test('there is no status without a database, nor from an earlier run', (t) => {
  const path = join(temporaryFolder(t), 'feed.db')
  const reader = createStatusReader(path)
  assert.equal(reader.read(), null)
  assert.equal(reader.fileCount(), 0)
  assert.deepEqual(reader.remarks(), [])
  const { sqlite } = openWriter(path)
  assert.equal(reader.read(), null)
  const row = sqlite.prepare(
    "INSERT OR REPLACE INTO status (id, state, version, started_ms, heartbeat_ms) VALUES (1, 'watching', '0', ?, ?)",
  )
  row.run(1000, 5000)
  assert.equal(reader.read()?.state, 'watching')
  const next = createStatusReader(path)
  assert.equal(next.read(), null, 'the row is from the run before')
  // The clock was set back in between.
  row.run(999, 1200)
  assert.equal(next.read()?.startedMs, 999)
  for (const each of [reader, next]) each.close()
  sqlite.close()
})

test('files are counted, and problems are distinguished from remarks', (t) => {
  const path = join(temporaryFolder(t), 'feed.db')
  const { sqlite } = openWriter(path)
  sqlite.exec(`
    INSERT INTO nodes (node_id, parent_id, name, is_directory, ctime, mtime) VALUES ('a', NULL, 'a', 1, 0, 0), ('b', 'a', 'b', 0, 0, 0);
    INSERT INTO watch_roots (name, node_id, path, state, state_since_ms, message) VALUES
      ('fine', 'x', '/x', 'watching', 0, NULL), ('media', 'y', '/y', 'offline', 0, 'is away'),
      ('own', 'z', '/z', 'watching', 0, 'holds files of drive-feed itself'), ('half', 'w', '/w', 'watching', 0, 'unread');
    INSERT INTO problems (code, root, text, fix, since_ms) VALUES
      ('folders_unreadable', 'half', 'folders can not be read', 'check them', 0),
      ('wal_held', NULL, 'somebody reads', 'end it', 0);`)
  const reader = createStatusReader(path)
  reader.read()
  assert.equal(reader.fileCount(), 1)
  assert.deepEqual(reader.problems(Date.now()), [
    { key: 'folders_unreadable half', line: 'half: folders can not be read; check them' },
    { key: 'wal_held ', line: 'somebody reads; end it' },
    { key: 'away media', line: 'media: is away' },
  ])
  sqlite.exec(
    "INSERT OR REPLACE INTO status (id, state, version, started_ms, heartbeat_ms) VALUES (1, 'watching', '0', 0, 1000)",
  )
  assert.equal(reader.problems(100_000)?.[0]?.key, 'folders_unreadable half')
  assert.equal(reader.problems(200_000)?.[0]?.key, 'indexer_silent')
  assert.deepEqual(reader.remarks(), ['own: holds files of drive-feed itself'])
  reader.close()
  sqlite.close()
})
