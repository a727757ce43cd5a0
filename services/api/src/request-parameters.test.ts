import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCursor, parseMaxSize, type RawParameter } from './request-parameters.ts'

const cursors: readonly (readonly [raw: RawParameter, cursor: number | null])[] = [
  [undefined, 0],
  ['0', 0],
  ['42', 42],
  ['-1', 0],
  ['-99999999999999999999', 0],
  ['-0', 0],
  ['007', 7],
  ['+5', 5],
  [' 5', 5],
  ['5 ', 5],
  ['9007199254740991', Number.MAX_SAFE_INTEGER],
  ['9007199254740992', null],
  ['9007199254740993', null],
  ['9'.repeat(400), null],
  ['', null],
  [' ', null],
  ['+', null],
  ['--5', null],
  ['+ 5', null],
  ['1 2', null],
  ['1.5', null],
  ['5.0', null],
  ['1e3', null],
  ['0x10', null],
  ['1_000', null],
  ['٣', null],
  ['abc', null],
  ['NaN', null],
  ['Infinity', null],
  [['1', '2'], null],
  [['1', '1'], null],
]

for (const [raw, cursor] of cursors) {
  test(`cursor=${JSON.stringify(raw)} is ${cursor ?? 'refused'}`, () => assert.ok(Object.is(parseCursor(raw), cursor)))
}

const sizes: readonly (readonly [raw: RawParameter, maxSize: number | null])[] = [
  [undefined, null],
  ['1', 1],
  ['10000', 10_000],
  ['007', 7],
  ['10001', 1_000],
  ['20000', 1_000],
  ['0', 1_000],
  ['-5', 1_000],
  ['', 1_000],
  ['all', 1_000],
  ['1.5', 1_000],
  [['5', '5'], 1_000],
]

for (const [raw, maxSize] of sizes) {
  test(`max_size=${JSON.stringify(raw)} is ${maxSize ?? 'everything'}`, () => assert.equal(parseMaxSize(raw), maxSize))
}
