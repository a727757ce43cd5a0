/** Holds patterns to Python's `fnmatchcase`: a table. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createExclude, DEFAULT_EXCLUDES } from './exclude.ts'

// The answers are those of Python's fnmatch.fnmatchcase(name, pattern).
const MATCHES: readonly (readonly [pattern: string, name: string, expected: boolean])[] = [
  ['*.part', 'a.part', true],
  ['*.part', '.part', true],
  ['*.part', 'a.PART', false],
  ['*.part', 'a.part.jpg', false],
  ['?', 'ä', true],
  ['?', '😀', true],
  ['?', '', false],
  ['?', '\n', true],
  ['?', '\udce9', true],
  ['*', 'line\nbreak', true],
  ['*', '.hidden', true],
  ['[!.]*', '.hidden', false],
  ['[abc]', 'b', true],
  ['[abc]', 'd', false],
  ['[!abc]', 'd', true],
  ['[!abc]', 'a', false],
  ['[a-c]', 'b', true],
  ['[c-a]', 'b', false],
  ['[!c-a]', 'b', true],
  ['[]]', ']', true],
  ['[!]]', ']', false],
  ['[!]]', 'a', true],
  ['[', '[', true],
  ['[a', '[a', true],
  ['a[', 'a[', true],
  ['[^a]', '^', true],
  ['[^a]', 'b', false],
  ['[a-]', '-', true],
  ['[--a]', '0', true],
  ['[a-c-e]', 'd', false],
  ['[a-c-e]', '-', true],
  ['\\*', '\\x', true],
  ['a.c', 'abc', false],
  ['lost+found', 'lost+found', true],
  ['(x)|y', '(x)|y', true],
  ['😀-[😀-😂]', '😀-😁', true],
]

test('a pattern has the meaning that fnmatchcase gives it', () => {
  for (const [pattern, name, expected] of MATCHES) {
    assert.equal(createExclude([pattern])(name), expected, `${pattern} on ${JSON.stringify(name)}`)
  }
})

test('the defaults are always on', () => {
  const isExcluded = createExclude([])
  for (const pattern of DEFAULT_EXCLUDES) assert.ok(isExcluded(pattern.replace('*', 'download')), pattern)
  for (const name of ['photo.jpg', 'thumbs.db', 'recycle', 'a.tmp', '.@__thumbs']) assert.ok(!isExcluded(name), name)
})

test('each of several patterns is tried by itself', () => {
  const isExcluded = createExclude(['*.a', 'b*', 'exact'])
  assert.deepEqual(['x.a', 'bx', 'exact', 'x.ab', 'xb', 'exactly'].map(isExcluded), [
    true,
    true,
    true,
    false,
    false,
    false,
  ])
})
