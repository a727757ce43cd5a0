/**
 * Shows that the note in the lock file survives being written and read, and that nothing else is taken for one. Real
 * files.
 */
import assert from 'node:assert/strict'
import { closeSync, openSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../../test/support/temporary-folder.ts'
import { lockPath, readNote, tellOfCommit, writeNote } from './database-note.ts'

test('a note is read as it was written, in a file that never grows, and is gone when it is removed', (t) => {
  const path = join(temporaryFolder(t), 'feed.db')
  assert.equal(readNote(path), null)
  const fd = openSync(lockPath(path), 'w')
  t.after(() => closeSync(fd))
  writeNote(fd, null)
  assert.equal(readNote(path), null)
  const { size } = statSync(lockPath(path))
  const note = { text: 'the disk of the database is full', fix: 'make room', sinceMs: 5 }
  writeNote(fd, note)
  assert.deepEqual(readNote(path), note)
  writeNote(fd, { ...note, text: 'x' })
  assert.deepEqual(readNote(path), { ...note, text: 'x' })
  assert.equal(statSync(lockPath(path)).size, size)
  writeNote(fd, null)
  assert.equal(readNote(path), null)
})

test('text from others in the file is no note, and does nothing to a terminal', (t) => {
  const path = join(temporaryFolder(t), 'feed.db')
  for (const text of [
    '',
    'null',
    '1',
    '{}',
    '{"text":1,"fix":"","sinceMs":1}',
    '{"text":"","fix":"","sinceMs":1e99}',
    '{',
  ]) {
    writeFileSync(lockPath(path), text)
    assert.equal(readNote(path), null, text)
  }
  writeFileSync(lockPath(path), JSON.stringify({ text: '\x1b[31m', fix: '\u202e', sinceMs: 1 }))
  assert.deepEqual(readNote(path), { text: '\\u001b[31m', fix: '\\u202e', sinceMs: 1 })
})

test('a commit is told of by a write that changes no byte of a lock file, and nothing of another file', (t) => {
  const path = join(temporaryFolder(t), 'feed.db')
  const fd = openSync(lockPath(path), 'w+')
  t.after(() => closeSync(fd))
  tellOfCommit(fd)
  assert.equal(statSync(lockPath(path)).size, 0)
  writeNote(fd, null)
  const before = readFileSync(lockPath(path), 'utf8')
  utimesSync(lockPath(path), 0, 0)
  tellOfCommit(fd)
  assert.equal(readFileSync(lockPath(path), 'utf8'), before)
  assert.notEqual(statSync(lockPath(path)).mtimeMs, 0, 'it was written')
})
