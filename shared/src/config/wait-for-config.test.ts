/** Shows that a service that waits tells each mistake once, and goes on when it is mended. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError } from './config-error.ts'
import { waitForConfig } from './wait-for-config.ts'

function loader(...mistakes: readonly string[]) {
  const left = [...mistakes]
  return () => {
    const mistake = left.shift()
    if (mistake !== undefined) throw new ConfigError(mistake)
    return 'config'
  }
}

test('a mistake is told once, another one too, and the config is taken when it is mended', async () => {
  const told: string[] = []
  const options = { program: 'indexer', waits: true, tell: (text: string) => told.push(text), tryAgainMs: 1 }
  assert.equal(await waitForConfig(loader('a', 'a', 'b', 'b'), options), 'config')
  assert.deepEqual(told, [
    'indexer: a\nindexer: waiting until that is mended\n',
    'indexer: b\nindexer: waiting until that is mended\n',
  ])
})

test('without the option the mistake is thrown', async () => {
  const options = { program: 'indexer', waits: false, tell: assert.fail }
  await assert.rejects(waitForConfig(loader('a'), options), { name: ConfigError.name, message: 'a' })
})

test('a bug is thrown', async () => {
  const bug = () => {
    throw new TypeError('oops')
  }
  await assert.rejects(waitForConfig(bug, { program: 'indexer', waits: true, tell: assert.fail }), TypeError)
})
