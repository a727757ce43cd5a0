/** Shows the doctor as it is typed: its lines, its JSON and its exit code. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { freePort } from '../../../test/support/free-port.ts'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'

const MAIN = join(import.meta.dirname, '../main.ts')

function doctor(...argv: string[]) {
  return spawnSync(process.execPath, [MAIN, 'doctor', ...argv], { encoding: 'utf8' })
}

test('every line is fine, a note, or what to do, and nothing is left behind', async (t) => {
  const folder = temporaryFolder(t)
  mkdirSync(join(folder, 'media'))
  const config = join(folder, 'server.yaml')
  writeFileSync(
    config,
    `port: ${await freePort()}\ndatabase_url: feed.db\nwatches: {media: ${folder}/media, gone: /nowhere}\n`,
  )
  const { stdout, stderr, status } = doctor(`--config=${config}`)
  assert.equal(stderr, '')
  assert.equal(status, 1)
  for (const line of stdout.trimEnd().split('\n').slice(0, -1)) assert.match(line, /^(fine|note|to do) {1,3}\S.*: \S/)
  assert.match(stdout, /^to do {2}watches\.gone: \/nowhere: it does not exist; mount its disk/m)
  assert.match(stdout, /^fine {3}database wal: /m)
  assert.match(stdout, /^note {3}port: \d+ is free/m)
  assert.match(stdout, / things? to do\.\n$/)
  assert.deepEqual(readdirSync(folder).sort(), ['media', 'server.yaml'])
})

test('a config with a mistake is one of the findings, and the machine is looked at nevertheless', (t) => {
  const config = join(temporaryFolder(t), 'server.yaml')
  writeFileSync(config, 'waches: {}\n')
  const { stdout, status } = doctor(`--config=${config}`, '--json')
  assert.equal(status, 1)
  const { findings } = JSON.parse(stdout) as { findings: { topic: string; state: string; text: string }[] }
  assert.equal(findings[0]?.topic, 'config')
  const mistakes = findings.filter(({ topic }) => topic === 'config').map(({ text }) => text)
  assert.equal(mistakes.length, 2, mistakes.join('\n'))
  assert.ok(findings.some(({ topic }) => topic === 'mediainfo'))
})
