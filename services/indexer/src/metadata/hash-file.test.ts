/** Shows how a large file is read: in long runs, of which each byte is asked for once. */
import assert from 'node:assert/strict'
import { closeSync, openSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { hashFile } from './hash-file.ts'

const MIB = 1024 * 1024

test('a large file is read ahead in runs of 16 MiB, the next one before it is needed', (t) => {
  const path = join(temporaryFolder(t), 'large')
  writeFileSync(path, '')
  truncateSync(path, 50 * MIB)
  const fd = openSync(path, 'r')
  const ahead: [from: number, length: number][] = []
  const pageCache = {
    expectSequentialReading: () => {},
    drop: () => {},
    readAhead: (_fd: number, offset: number, length: number) => void ahead.push([offset / MIB, length / MIB]),
  }
  assert.deepEqual(
    hashFile(fd, 50 * MIB, pageCache, () => null),
    { kind: 'hashed', hash: '25e317773f308e446cc84c503a6d1f85' },
  )
  closeSync(fd)
  assert.deepEqual(ahead, [
    [0, 16],
    [16, 16],
    [32, 16],
    [48, 2],
  ])
})
