/** Shows how the program is called in messages: in an image, installed, in a clone. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { DEFAULT_CONFIG_PATH } from './command-line.ts'
import { ownerCommand, programOf } from './owner-command.ts'

const INSTALLED = '/usr/local/bin/drive-feed'

for (const [there, program] of [
  [[INSTALLED, '/.dockerenv'], 'docker compose exec indexer drive-feed'],
  [[INSTALLED, '/run/.containerenv'], 'docker compose exec indexer drive-feed'],
  [[INSTALLED], 'drive-feed'],
] as const) {
  test(`with ${there.join(' and ')} the program is called ${program}`, () => {
    assert.equal(
      programOf((path) => (there as readonly string[]).includes(path)),
      program,
    )
  })
}

test('in a clone the program is called by its path, also in a container', () => {
  const program = programOf((path) => path === '/.dockerenv')
  assert.match(program, /^\/.*\/scripts\/drive-feed$/)
  assert.ok(existsSync(program))
})

test('the config is named unless it is where the command looks by itself', () => {
  const end = (configPath: string | undefined) => ownerCommand(['accept-empty', 'photos'], configPath).split('feed ')[1]
  assert.equal(end('/a b/server.yaml'), "accept-empty photos --config='/a b/server.yaml'")
  assert.equal(end(DEFAULT_CONFIG_PATH), 'accept-empty photos')
  assert.equal(end(undefined), 'accept-empty photos')
})
