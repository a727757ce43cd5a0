/**
 * Shows that `scripts/e2e` fails with one line if there is no usable Docker. The script runs with stand-ins for the
 * programs.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { temporaryFolder } from '../test/support/temporary-folder.ts'

const SCRIPT = join(import.meta.dirname, 'e2e')

test('without Docker it fails with one line', (t) => {
  const { status, stderr } = runWith(t, null)
  assert.equal(status, 1)
  assert.match(stderr, /^scripts\/e2e needs a running Docker engine that this user may use: .*docker.*not found\n$/)
})

test('without an engine it fails with one line that has the reason', (t) => {
  const { status, stderr } = runWith(t, 'echo; echo "Cannot connect to the Docker daemon." >&2; exit 1')
  assert.equal(status, 1)
  assert.equal(
    stderr,
    'scripts/e2e needs a running Docker engine that this user may use: Cannot connect to the Docker daemon.\n',
  )
})

test('without Compose it fails with one line', (t) => {
  const { status, stderr } = runWith(t, 'test "$1" = version')
  assert.equal(status, 1)
  assert.equal(stderr, "scripts/e2e needs Docker Compose v2: 'docker compose version' fails.\n")
})

/** Runs the script on a machine whose `docker` is this shell script, or that has none. */
function runWith(t: TestContext, docker: string | null): { status: number | null; stderr: string } {
  const programs = join(temporaryFolder(t), 'programs')
  mkdirSync(programs)
  for (const name of ['bash', 'sh', 'env', 'dirname']) {
    const found = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim()
    symlinkSync(found, join(programs, name))
  }
  if (docker !== null) writeFileSync(join(programs, 'docker'), `#!/bin/sh\n${docker}\n`, { mode: 0o755 })
  const { status, stderr } = spawnSync(SCRIPT, { env: { PATH: programs }, encoding: 'utf8' })
  return { status, stderr }
}
