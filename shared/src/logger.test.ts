/**
 * Shows what is logged, where, and what happens if a log can't be written. Small programs run with real files and
 * pipes.
 */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../../test/support/temporary-folder.ts'
import { ConfigError } from './config/config-error.ts'
import { createLogger } from './logger.ts'

const LOGGER_URL = new URL('./logger.ts', import.meta.url).href

/** A program that logs and ends immediately. */
function program(path: string | null): string[] {
  const source = `import { createLogger } from '${LOGGER_URL}'
    const logger = createLogger({ name: 'indexer', path: ${JSON.stringify(path)} })
    logger.debug('unseen')
    for (let number = 0; number < 1000; number += 1) logger.info({ number }, 'counted')
    process.exit(3)`
  return ['--input-type=module-typescript', '--eval', source]
}

function messages(text: string): { name: string; msg: string; number: number }[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
}

test('standard output and the file get the same JSON lines, and process.exit loses none', (t) => {
  const path = join(temporaryFolder(t), 'feed.log')
  const { status, stdout } = spawnSync(process.execPath, program(path), { encoding: 'utf8' })
  assert.equal(status, 3)
  const lines = messages(stdout)
  assert.equal(lines.length, 1000)
  assert.deepEqual([lines[999]?.name, lines[999]?.msg, lines[999]?.number], ['indexer', 'counted', 999])
  assert.equal(readFileSync(path, 'utf8'), stdout)
})

test('levels are words, and numbers are rounded to a hundredth, on a terminal too', () => {
  const source = `import { createLogger } from '${LOGGER_URL}'
    if (process.argv[1] === 'terminal') process.stdout.isTTY = true
    const logger = createLogger({ name: 'api', path: null, level: 'debug' })
    const fields = { seconds: 0.0610351, size: 9007199254740991, pace: { perSecond: [1 / 3, 7] }, never: Infinity }
    for (const level of ['debug', 'info', 'warn', 'error', 'fatal']) logger[level](fields, 'said')
    logger.child({ root: 'media' }).error({ err: new Error('broken'), ms: 12.3456 }, 'said by a child')`
  const run = (where: string) =>
    spawnSync(process.execPath, ['--input-type=module-typescript', '--eval', source, where], {
      encoding: 'utf8',
      env: { ...process.env, NO_COLOR: '1' },
    }).stdout
  const lines = messages(run('pipe')) as unknown as Record<string, unknown>[]
  assert.deepEqual(
    lines.map(({ level }) => level),
    ['debug', 'info', 'warn', 'error', 'fatal', 'error'],
  )
  const { seconds, size, pace } = lines[1] ?? {}
  assert.deepEqual([seconds, size, pace], [0.06, 9007199254740991, { perSecond: [0.33, 7] }])
  assert.deepEqual(
    [lines[5]?.root, lines[5]?.ms, (lines[5]?.err as Error | undefined)?.message],
    ['media', 12.35, 'broken'],
  )
  const readable = run('terminal')
  assert.match(readable, /\] WARN \(api\): said\n {4}seconds: 0\.06\n/)
  assert.match(readable, /\] ERROR \(api\): said by a child\n/)
})

test('a log file is appended to', (t) => {
  const path = join(temporaryFolder(t), 'feed.log')
  for (const _ of [1, 2]) spawnSync(process.execPath, program(path))
  assert.equal(messages(readFileSync(path, 'utf8')).length, 2000)
})

test('a full disk under the log file is reported once, and the program goes on', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, program('/dev/full'), { encoding: 'utf8' })
  assert.equal(status, 3)
  assert.equal(messages(stdout).length, 1000)
  assert.equal(stderr, 'log_path: /dev/full: lines are being lost: ENOSPC: no space left on device, write\n')
})

test('a reader of standard output that goes away does not stop the program', () => {
  const command = `"$0" "$@" | true; echo "\${PIPESTATUS[0]}"`
  const output = execFileSync('bash', ['-c', command, process.execPath, ...program(null)], { encoding: 'utf8' })
  assert.equal(output, '3\n')
})

test('a log file that cannot be written is a mistake in the config', (t) => {
  const folder = temporaryFolder(t)
  const logTo = (path: string) => () => createLogger({ name: 'test', path })
  assert.throws(logTo(join(folder, 'logs/feed.log')), {
    name: ConfigError.name,
    message: `log_path: "${folder}/logs/feed.log": the folder ${folder}/logs does not exist; make it`,
  })
  assert.throws(logTo(folder), {
    name: ConfigError.name,
    message: `log_path: "${folder}" can't be written (EISDIR): must be a writable file`,
  })
})
