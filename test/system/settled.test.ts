/** Shows that a client with `settled` receives each file once, with its hash. Both services run as processes. */
import assert from 'node:assert/strict'
import { chmodSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import type { FeedNode } from '../../client/src/wire.ts'
import { getJson } from '../support/http-get.ts'
import { createPair } from '../support/pair.ts'
import { until } from '../support/until.ts'

const NOBODY = 65_534

type Page = { cursor: number; changes: { removed: boolean; node?: FeedNode }[] }

test('with settled=1 each file comes once: with its hash, or once it turns out that it can not be read', {
  skip: process.getuid?.() !== 0 && 'needs root, to run the indexer as a user who may not read a file',
}, async (t) => {
  const pair = await createPair(t, { uid: NOBODY })
  for (let n = 0; n < 40; n += 1) writeFileSync(pair.path(`before ${n}`), `${n}`)
  await Promise.all([pair.startIndexer(), pair.startApi()])
  const seen: string[] = []
  let cursor = 0
  const poll = async () => {
    const page = await getJson<Page>(
      `${pair.url}/api/v1/changes?cursor=${cursor}&max_size=7&wait=1&settled=1&type=file`,
    )
    cursor = page.cursor
    for (const { node } of page.changes) if (node !== undefined) seen.push(`${node.name}: ${node.hash.length}`)
  }
  for (let n = 0; n < 20; n += 1) {
    writeFileSync(pair.path(`after ${n}`), `${n}`)
    await poll()
  }
  writeFileSync(pair.path('secret'), 'secret')
  chmodSync(pair.path('secret'), 0o000)
  await until('all files', async () => {
    await poll()
    return new Set(seen).size >= 61
  })
  const numbered = (name: string, count: number) => Array.from({ length: count }, (_, n) => `${name} ${n}: 32`)
  assert.deepEqual(seen.toSorted(), [...numbered('before', 40), ...numbered('after', 20), 'secret: 0'].toSorted())
})
