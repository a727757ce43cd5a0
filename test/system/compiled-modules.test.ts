/**
 * Shows that a start finds all modules compiled, whichever service started before: both share one cache, and V8 refuses what
 * was compiled with other flags.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { createPair, INDEXER_MAIN } from '../support/pair.ts'
import { API_MAIN } from '../support/run-api.ts'
import { launch } from '../support/service-process.ts'
import { until } from '../support/until.ts'

const SERVICES = {
  indexer: { main: INDEXER_MAIN, isReady: '"scan is complete"' },
  api: { main: API_MAIN, isReady: '"listening"' },
} as const

test('from its second start on, each service takes every module as it was compiled, and writes none anew', async (t) => {
  const pair = await createPair(t)
  const env = { NODE_COMPILE_CACHE: join(pair.folder, 'compiled'), NODE_DEBUG_NATIVE: 'COMPILE_CACHE' }
  for (const [run, name] of (['indexer', 'api', 'indexer', 'api'] as const).entries()) {
    const { main, isReady } = SERVICES[name]
    const service = launch(t, { command: process.execPath, args: [main, `--config=${pair.configPath}`], env })
    await until(`${name} to be ready`, () => service.stdout().includes(isReady))
    assert.equal((await service.end('SIGTERM')).code, 0)
    const lines = `${service.stdout()}${service.stderr()}`.split('\n')
    const ofModules = (what: RegExp) => lines.filter((line) => line.startsWith('[compile cache]') && what.test(line))
    assert.ok(ofModules(/was accepted|was not initialized/).length > 100, 'the cache says what it does')
    if (run < 2) continue
    assert.deepEqual(ofModules(/was rejected|was not initialized|writing cache/), [], `${name}, start ${run}`)
  }
})
