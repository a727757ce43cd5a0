/**
 * Shows that the pieces of an answer add up to its JSON, for random values, and that none is much longer than the
 * limit.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { jsonPieces, PIECE_CHARACTERS } from './json-pieces.ts'

test('the pieces are what JSON.stringify gives, and of a usual answer there is one', () => {
  const value = fc.letrec((tie) => ({
    any: fc.oneof({ maxDepth: 4 }, fc.jsonValue(), fc.array(tie('any')), fc.dictionary(fc.string(), tie('any'))),
  })).any
  fc.assert(
    fc.property(value, (one) => {
      const pieces = [...jsonPieces(one)]
      assert.equal(pieces.join(''), JSON.stringify(one))
      assert.equal(pieces.length, 1)
    }),
  )
  assert.equal([...jsonPieces({ a: undefined, b: 1 })].join(''), '{"b":1}')
})

test('a long one comes in pieces, none much longer than the limit', () => {
  const nodes = Array.from({ length: 1_000 }, (_, n) => ({ id: `n${n}`, path: '/d'.repeat(5_000) }))
  const pieces = [...jsonPieces({ nodes, next_page: null })]
  assert.equal(pieces.join(''), JSON.stringify({ nodes, next_page: null }))
  assert.ok(pieces.length >= Math.floor(10_000_000 / PIECE_CHARACTERS))
  for (const piece of pieces) assert.ok(piece.length < PIECE_CHARACTERS + 11_000)
})
