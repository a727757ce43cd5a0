/**
 * Shows that server-sent events are parsed as the specification says: a table of streams, and random cuts of their
 * bytes.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { drain } from '../../test/support/scripted-feed.ts'
import { readEvents, type ServerSentEvent } from './event-stream.ts'

async function eventsOf(chunks: readonly Uint8Array[]): Promise<ServerSentEvent[]> {
  const stream = (async function* () {
    yield* chunks
  })()
  return (await drain(readEvents(stream))).items
}

const cases: readonly (readonly [what: string, text: string, events: readonly Partial<ServerSentEvent>[]])[] = [
  ['one event', 'event: a\nid: 1\ndata: x\n\n', [{ event: 'a', id: '1', data: 'x' }]],
  ['without a name', 'data: x\n\n', [{ event: 'message', id: '', data: 'x' }]],
  ['several lines of data', 'data: x\ndata:y\ndata\n\n', [{ data: 'x\ny\n' }]],
  ['an id that stays', 'id: 1\ndata: x\n\ndata: y\n\n', [{ id: '1' }, { id: '1', data: 'y' }]],
  ['an id alone', 'id: 1\n\ndata: y\n\n', [{ id: '1', data: 'y' }]],
  ['comments and unknown fields', ': hello\nretry: 5\nnonsense\ndata: x\n\n', [{ data: 'x' }]],
  ['only one blank is cut', 'data:  x\n\n', [{ data: ' x' }]],
  ['an unfinished event', 'data: x\n\ndata: y\n', [{ data: 'x' }]],
]

for (const [what, text, expected] of cases) {
  test(`server-sent events: ${what}`, async () => {
    const found = await eventsOf([Buffer.from(text)])
    assert.equal(found.length, expected.length)
    for (const [index, event] of expected.entries()) assert.deepEqual({ ...found[index], ...event }, found[index])
  })
}

test('it is the same wherever the bytes are cut, and whatever ends the lines', async () => {
  const text = 'event: changes\nid: 7\ndata: {"name":"übergroß 🎞"}\n\n: beat\n\nid: 8\ndata: y\n\n'
  const expected = await eventsOf([Buffer.from(text)])
  assert.equal(expected.length, 2)
  const property = fc.asyncProperty(
    fc.array(fc.nat(100)),
    fc.constantFrom('\n', '\r\n', '\r'),
    async (cuts, ending) => {
      // What follows shows that a last CR was the whole ending.
      const bytes = Buffer.from(`${text.replaceAll('\n', ending)}: end`)
      const places = [0, ...cuts.map((cut) => cut % bytes.length).sort((a, b) => a - b), bytes.length]
      const chunks = places.slice(1).map((end, index) => bytes.subarray(places[index], end))
      assert.deepEqual(await eventsOf(chunks), expected)
    },
  )
  await fc.assert(property)
})
