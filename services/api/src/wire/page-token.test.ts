/** Shows that the token of a page leads back to its position, for random names of any length. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { makePageToken, PAGE_TOKEN_CHARACTERS_MAX, positionOf, readPageToken } from './page-token.ts'

/** Names as a disk may hold them, and far longer ones that only a database does. */
const names = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 2_000 }),
  fc
    .tuple(fc.string({ unit: 'binary', maxLength: 20 }), fc.integer({ min: 1, max: 3_000 }))
    .map(([t, n]) => t.repeat(n)),
)

test('a token of any name is short, good in an address as it is, and leads back to the name', () => {
  const property = fc.property(names, fc.maxSafeNat(), (name, row) => {
    const token = makePageToken({ name, row })
    assert.ok(token.length <= PAGE_TOKEN_CHARACTERS_MAX, String(token.length))
    assert.match(token, /^[\w-]+$/)
    const read = readPageToken(token)
    assert.ok(read !== null)
    assert.deepEqual(
      positionOf(read, (asked) => (asked === row ? name : undefined)),
      { name, row },
    )
  })
  fc.assert(property, { numRuns: 1_000 })
})

test('a long name that is gone or another one leaves the beginning it had, cut between two characters', () => {
  for (const character of ['x', 'é', '€', '😀', '\u0001']) {
    const name = character.repeat(2_000)
    const read = readPageToken(makePageToken({ name, row: 7 }))
    assert.ok(read !== null)
    for (const now of [undefined, `${name}x`, name.slice(0, -2)]) {
      const position = positionOf(read, () => now)
      assert.equal(position.row, 7)
      assert.ok(name.startsWith(position.name) && position.name.length > 300, position.name.slice(-3))
    }
  }
})

test('what was never given out is no token', () => {
  const encoded = (text: string) => Buffer.from(text).toString('base64url')
  const wrong = ['', 'x', '1', '/', '1/', '1/x', '-1//x', '1.5//x', `${'9'.repeat(16)}//x`, '[1,2]', '["x",1]']
  for (const content of wrong) assert.equal(readPageToken(encoded(content)), null, content)
  assert.equal(readPageToken(`${makePageToken({ name: 'x', row: 1 })}=`), null)
  assert.equal(readPageToken('%'), null)
})
