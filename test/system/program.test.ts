/** Shows both services run by `drive-feed`: their signals, lines and exit codes are those of the services. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { createPair } from '../support/pair.ts'
import { PROGRAM_MAIN, runProgram } from '../support/program.ts'
import { launch } from '../support/service-process.ts'
import { until } from '../support/until.ts'

test('drive-feed indexer and drive-feed api are the services, until a signal', async (t) => {
  const pair = await createPair(t)
  writeFileSync(pair.path('file'), 'bytes')
  const start = (service: string) =>
    launch(t, { command: process.execPath, args: [PROGRAM_MAIN, service, `--config=${pair.configPath}`] })
  const services = [start('indexer'), start('api')]
  await until('the api to be ready', async () => {
    const answer = await fetch(`${pair.url}/readyz`).catch(() => null)
    return answer?.status === 200
  })
  for (const service of services) assert.equal((await service.end('SIGTERM')).code, 0)
})

test('a config that can not be used ends them as it ends the services', async (t) => {
  const pair = await createPair(t)
  writeFileSync(join(pair.folder, 'config.yaml'), 'nonsense: 1\n')
  for (const service of ['indexer', 'api']) {
    const { status, stderr } = runProgram(pair, [service])
    assert.equal(status, 1)
    assert.match(stderr, /^drive-feed.*: .*config\.yaml: nonsense: unknown key/)
  }
})
