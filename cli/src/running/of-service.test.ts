/** Shows what a command says in an image that has only the other service. */
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import { CommandError } from '../command.ts'
import { EXIT_UNUSABLE } from '../exit-codes.ts'
import { ofService } from './of-service.ts'

test('a service that is not in the image is named with the container to use, and its code is not asked for', async (t) => {
  const services = temporaryFolder(t)
  mkdirSync(join(services, 'api', 'src'), { recursive: true })
  writeFileSync(join(services, 'api', 'src', 'main.ts'), '')
  const there = pathToFileURL(`${services}/`)
  assert.equal(await ofService('api', async () => 'loaded', there), 'loaded')
  assert.throws(
    () => ofService('indexer', () => assert.fail('asked for'), there),
    (error) =>
      error instanceof CommandError && error.exitCode === EXIT_UNUSABLE && error.message.includes('exec indexer'),
  )
})
