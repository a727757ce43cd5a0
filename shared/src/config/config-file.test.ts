/** Shows what is read as a config file at all: whatever is given, the answer is one line, and nothing waits. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import { ConfigError } from './config-error.ts'
import { isConfigFileThere, readConfigFile } from './config-file.ts'

test('what is no regular file of at most 1 MiB is refused', (t) => {
  const folder = temporaryFolder(t)
  const [fifo, large, link] = ['fifo', 'large', 'link'].map((name) => join(folder, name)) as [string, string, string]
  execFileSync('mkfifo', [fifo])
  symlinkSync('fifo', link)
  writeFileSync(large, '')
  truncateSync(large, 1024 ** 2 + 1)
  for (const [path, why] of [
    [folder, 'it is a folder; name the file in it'],
    [fifo, 'it is no regular file'],
    [link, 'it is no regular file'],
    ['/dev/zero', 'it is no regular file'],
    [large, 'it is larger than 1 MiB'],
    [join(folder, 'none'), 'ENOENT'],
  ] as const) {
    assert.throws(() => readConfigFile(path), new ConfigError(`${path}: this config file can't be read: ${why}`))
  }
})

test('the null device alone counts as no file, under any path', (t) => {
  const link = join(temporaryFolder(t), 'link')
  symlinkSync('/dev/null', link)
  assert.deepEqual(
    ['/dev/null', link, '/dev/zero', '/dev/full'].map((path) => isConfigFileThere(path)),
    [false, false, true, true],
  )
})
