/**
 * Shows when a container counts as healthy, and how often an engine is made to ask. Runs the check of the images on a WAL
 * with chosen times, and on a server of the test.
 */
import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../../test/support/temporary-folder.ts'

const CHECK = join(import.meta.dirname, '../../services/check-health')

/** The exit code of the check of the indexer for a WAL that was written at that time. */
function check(folder: string, written: string, environment = process.env): number | null {
  execFileSync('touch', ['-d', written, join(folder, 'feed.db-wal')])
  return spawnSync(CHECK, ['indexer', folder, join(folder, 'mark')], { env: environment }).status
}

test('the indexer’s container is healthy while its WAL was written about now, by a clock that may be set back', (t) => {
  const times = ['10 minutes ago', '1 minute ago', 'now', '10 seconds', '10 minutes', '2 days']
  const codes = times.map((written) => check(temporaryFolder(t), written))
  assert.deepEqual(codes, [1, 0, 0, 0, 1, 1])
})

test('who was healthy is asked again after half a minute, and who was not at once', (t) => {
  const folder = temporaryFolder(t)
  const slept = join(folder, 'slept')
  writeFileSync(join(folder, 'sleep'), `#!/bin/sh\necho "$@" >> '${slept}'\n`, { mode: 0o755 })
  const environment = { ...process.env, PATH: `${folder}:${process.env.PATH}` }
  const hasSlept = (written: string) => {
    const before = existsSync(slept)
    const code = check(folder, written, environment)
    const after = existsSync(slept)
    spawnSync('rm', ['-f', slept])
    return [code, after && !before]
  }
  assert.deepEqual(hasSlept('10 minutes ago'), [1, false])
  assert.deepEqual(hasSlept('now'), [0, false])
  assert.deepEqual(hasSlept('now'), [0, true])
  assert.deepEqual(hasSlept('10 minutes ago'), [1, true])
  assert.deepEqual(hasSlept('now'), [0, false])
})

for (const [service, path] of [
  ['api', '/healthz'],
  ['all', '/readyz'],
] as const) {
  test(`the container ${service} is healthy while ${path} answers 200`, async (t) => {
    const folder = temporaryFolder(t)
    let status = 200
    const server = createServer((request, response) => {
      response.statusCode = request.url === path ? status : 500
      response.end()
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    t.after(() => server.close())
    const environment = { ...process.env, DRIVE_FEED_PORT: String((server.address() as AddressInfo).port) }
    const ask = async (name: string) => {
      const child = spawn(CHECK, [service, folder, join(folder, name)], { env: environment, stdio: 'ignore' })
      return (await once(child, 'exit'))[0] as number
    }
    assert.equal(await ask('one'), 0)
    status = 503
    assert.equal(await ask('two'), 1)
    server.close()
    assert.equal(await ask('three'), 1)
  })
}
