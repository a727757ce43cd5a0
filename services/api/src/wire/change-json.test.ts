/** Shows that the JSON that SQLite makes of a row is that of `nodeJson`, byte for byte, on a real database. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { FeedWriter } from '../../../../test/support/feed-writer.ts'
import { inFeed } from '../../../../test/support/in-feed.ts'
import { beginAnswer } from '../feed/changes-reader.ts'
import type { Reading } from '../feed/database-source.ts'
import type { WireRow } from '../feed/wire-row.ts'
import { changeTexts } from './change-json.ts'
import { nodeJson } from './node-json.ts'

/** More than the newest rows that are kept, which are read one by one. */
const FILLING = 5_000

const EXACT_MAX = BigInt(Number.MAX_SAFE_INTEGER)
const time = fc.oneof(
  fc.bigInt(0n, 4_102_444_800_000_000n),
  fc.bigInt(0n, 4_102_444_800n).map((seconds) => seconds * 1_000_000n),
  fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
  fc.constantFrom(0n, 1n, -1n, 999_999n, EXACT_MAX, EXACT_MAX + 1n),
)
const number = fc.oneof(fc.bigInt(0n, 100_000n), fc.constantFrom(0n, -1n, EXACT_MAX, EXACT_MAX + 2n, 2n ** 63n - 1n))
const text = fc.string({
  unit: fc.oneof(
    fc.constantFrom('"', '\\', '\u2028', '\u007f', '\n', '\0', '\u001f', "'", '%s'),
    fc.constantFrom('é', '𝄞', 'a'),
  ),
})
const columns = fc.record({
  name: text,
  mime_type: text,
  hash: text,
  ctime: time,
  mtime: time,
  size: number,
  width: number,
  height: number,
  ms_duration: number,
  is_directory: fc.constantFrom(0n, 1n),
  is_image: fc.constantFrom(0n, 1n),
  is_video: fc.constantFrom(0n, 1n),
})

/** Removals that no client sees, so that what was put before is none of the newest rows. */
function fill(feed: FeedWriter): void {
  feed.sqlite.exec(`
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${FILLING})
    INSERT INTO changes (node_id, is_removed, first_change_id) SELECT 'gone' || n, 1, n + 1000 FROM numbers`)
}

async function answerOf(reading: Reading, upTo: number): Promise<string> {
  const { pages } = await beginAnswer(reading, { cursor: 0, maxSize: upTo })
  return changeTexts([...pages].flat()).join('')
}

test('a change is the same text whether SQLite or JavaScript makes it', async () => {
  await inFeed(async (feed, reading) => {
    feed.put({ id: 'usual' })
    feed.put({ id: 'a' })
    fill(feed)
    const keys = Object.keys(fc.sample(columns, 1)[0] ?? {})
    const update = feed.sqlite.prepare(
      `UPDATE nodes SET ${keys.map((key) => `${key} = :${key}`).join(', ')} WHERE node_id = 'a'`,
    )
    const property = fc.asyncProperty(columns, async (values) => {
      update.run(values)
      const rows = reading.read((queries) => ['usual', 'a'].map((id) => queries.node(id) as WireRow))
      const expected = rows.map((row) => JSON.stringify({ removed: false, node: nodeJson(row) })).join(',')
      assert.equal(await answerOf(reading, 2), expected)
    })
    await fc.assert(property, { numRuns: 300 })
  })
})

test('a run of changes comes in the order of the log, wherever its nodes stand in the file', async () => {
  await inFeed(async (feed, reading) => {
    const ids = Array.from({ length: 50 }, (_, at) => `n${at}`)
    for (const id of ids) feed.put({ id, size: 1 })
    const again = ids.map((id, at) => ({ id, key: (at * 37) % 50 })).sort((one, other) => one.key - other.key)
    for (const { id } of again) feed.put({ id, size: 2 })
    fill(feed)
    const { pages } = await beginAnswer(reading, { cursor: 0, maxSize: 50 })
    const [page = []] = [...pages]
    assert.ok(page.length === 1 && page[0] !== undefined && 'json' in page[0], 'they are one run')
    const shown = JSON.parse(`[${changeTexts(page).join('')}]`) as { node: { id: string } }[]
    assert.deepEqual(
      shown.map(({ node }) => node.id),
      again.map(({ id }) => id),
    )
  })
})
