/** Shows how a started service is logged and stopped. Small programs stand in for the services. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import { until } from '../../../test/support/until.ts'
import { startLoggedService } from './service.ts'

const PATIENCE_MS = 30_000

test('what a service prints is appended to its log, and its last lines of this run are readable', async (t) => {
  const first = service(t, `console.log('from an earlier run')`)
  await first.ended
  const source = `console.log('plain'); console.error('{"time":"T","msg":"failed","err":{"message":"disk"}}'); process.exit(3)`
  const second = service(t, source, first.logPath)
  assert.equal(await second.ended, 'exit code 3')
  assert.match(readFileSync(second.logPath, 'utf8'), /^from an earlier run\nplain\n/)
  assert.deepEqual(second.lastLines(10), ['plain', 'T  failed  disk'])
  assert.deepEqual(second.lastLines(1), ['T  failed  disk'])
})

test('stopping lets a service end in its own way', async (t) => {
  const calm = service(
    t,
    `process.once('SIGTERM', () => process.exit(0)); setInterval(() => {}, 1000); console.log('ready')`,
  )
  await untilLogged(calm.logPath, 'ready')
  await calm.stop(PATIENCE_MS)
  assert.equal(await calm.ended, 'exit code 0')
})

test('a service that does not end is killed', async (t) => {
  const stubborn = service(t, `process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log('ready')`)
  await untilLogged(stubborn.logPath, 'ready')
  await stubborn.stop(50)
  assert.equal(await stubborn.ended, 'signal SIGKILL')
})

test('stopping a service that has ended is no error', async (t) => {
  const over = service(t, '')
  await over.ended
  await over.stop(PATIENCE_MS)
  assert.equal(await over.ended, 'exit code 0')
})

function service(t: TestContext, source: string, logPath?: string) {
  const folder = temporaryFolder(t)
  const script = join(folder, 'service.mjs')
  writeFileSync(script, source)
  const started = startLoggedService({
    name: 'test',
    script,
    argv: [],
    logPath: logPath ?? join(folder, 'service.log'),
  })
  t.after(() => started.stop(0))
  return started
}

function untilLogged(path: string, text: string): Promise<boolean> {
  const isLogged = () => existsSync(path) && readFileSync(path, 'utf8').includes(text)
  return until(`"${text}" in ${path}`, isLogged, PATIENCE_MS)
}
