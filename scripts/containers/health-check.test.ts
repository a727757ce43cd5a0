/**
 * Shows when the indexer's container counts as healthy. Runs the health check of its image in a shell, on a WAL
 * with chosen times.
 */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../../test/support/temporary-folder.ts'

/** The exit code of the check in the indexer's image for a WAL that was written at that time. */
function check(folder: string, written: string): number | null {
  const text = readFileSync(join(import.meta.dirname, '../../services/Dockerfile'), 'utf8')
  const [, words = ''] = / AS indexer\n.*?^HEALTHCHECK [^[]*?(\[[^\n]*\])$/ms.exec(text) ?? []
  const [shell, option, command] = JSON.parse(words) as [string, string, string]
  execFileSync('touch', ['-d', written, join(folder, 'feed.db-wal')])
  return spawnSync(shell, [option, command.replace('/data', folder)]).status
}

test('the indexer’s container is healthy while its WAL was written about now, by a clock that may be set back', (t) => {
  const folder = temporaryFolder(t)
  const codes = ['10 minutes ago', '1 minute ago', 'now', '10 seconds', '10 minutes', '2 days'].map((written) =>
    check(folder, written),
  )
  assert.deepEqual(codes, [1, 0, 0, 0, 1, 1])
})
