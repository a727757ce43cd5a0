/** Shows that output that can't be written is one line and 2, and that a reader that leaves early is no mistake. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const MAIN = join(import.meta.dirname, 'main.ts')

test('a full disk for the output is one line and 2', (t) => {
  const full = openSync('/dev/full', 'w')
  t.after(() => closeSync(full))
  const { status, stderr } = spawnSync(process.execPath, [MAIN, '--help'], { stdio: ['ignore', full, 'pipe'] })
  assert.equal(status, 2)
  assert.match(String(stderr), /^drive-feed: the output can't be written: ENOSPC: [^\n]+\n$/)
})

test('a reader that leaves early ends it without a word', () => {
  const line = 'exec 2>&1; set -o pipefail; "$0" "$1" man | true; echo $?'
  const output = execFileSync('bash', ['-c', line, process.execPath, MAIN], { encoding: 'utf8' })
  assert.equal(output, '0\n')
})
