/** Shows that texts come out of a column as they went in, whatever their bytes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTextColumn, textAt } from './text-column.ts'

const TEXTS = ['', 'plain', 'ünïcödé', '日本', '🎉', '\uFFFD', '\uFFFDFE', '\uDCFF', 'a\uDC80b', '', 'x'.repeat(5_000)]

test('texts come out as they went in, on another thread too', () => {
  const column = createTextColumn()
  for (const text of TEXTS) column.push(text)
  assert.equal(column.length, TEXTS.length)
  const packed = column.pack()
  for (const one of [packed, structuredClone(packed)]) {
    assert.deepEqual(
      TEXTS.map((_, at) => textAt(one, at)),
      TEXTS,
    )
  }
  assert.equal(textAt(packed, TEXTS.length), '', 'beyond the end')
})

test('a column grows, and gives its last text back', () => {
  const column = createTextColumn()
  for (let at = 0; at < 3_000; at += 1) column.push(`${at}`)
  column.dropLast()
  column.dropLast()
  column.push('last')
  const packed = column.pack()
  assert.equal(packed.ends.length, 2_999)
  assert.equal(textAt(packed, 2_997), '2997')
  assert.equal(textAt(packed, 2_998), 'last')
  assert.equal(packed.bytes.length, packed.ends.at(-1), 'nothing is sent along')
})

test('an empty column packs', () => {
  const column = createTextColumn()
  column.dropLast()
  assert.deepEqual(column.pack(), { bytes: new Uint8Array(), ends: new Uint32Array() })
})
