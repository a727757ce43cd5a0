/**
 * Holds patterns for names to Python's `fnmatchcase` by a table, and patterns for paths to those for names by random ones.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createExclude, DEFAULT_EXCLUDES, excludesByPath } from './exclude.ts'

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
    assert.equal(matches(pattern, name), expected, `${pattern} on ${JSON.stringify(name)}`)
  }
})

test('the defaults are on', () => {
  const isExcluded = (name: string) => createExclude({ patterns: [], usesDefaults: true })(name, nowhere)
  for (const pattern of DEFAULT_EXCLUDES) assert.ok(isExcluded(pattern.replace('*', 'download')), pattern)
  for (const name of ['photo.jpg', 'thumbs.db', 'recycle', 'a.tmp', '.@__thumbs']) assert.ok(!isExcluded(name), name)
})

test('each of several patterns is tried by itself', () => {
  const all = createExclude({ patterns: ['*.a', 'b*', 'exact'], usesDefaults: true })
  const isExcluded = (name: string) => all(name, nowhere)
  assert.deepEqual(['x.a', 'bx', 'exact', 'x.ab', 'xb', 'exactly'].map(isExcluded), [
    true,
    true,
    true,
    false,
    false,
    false,
  ])
})

test('the defaults can be switched off', () => {
  const isExcluded = createExclude({ patterns: ['mine'], usesDefaults: false })
  for (const pattern of DEFAULT_EXCLUDES) assert.ok(!isExcluded(pattern.replace('*', 'download'), nowhere), pattern)
  assert.ok(isExcluded('mine', nowhere))
})

const PATHS: readonly (readonly [pattern: string, path: string, expected: boolean])[] = [
  ['photos/**/Raw/*', 'photos/Raw/a', true],
  ['photos/**/Raw/*', 'photos/2024/summer/Raw/a', true],
  ['photos/**/Raw/*', 'photos/2024/Raw', false],
  ['photos/**/Raw/*', 'photos/2024/Raw/a/b', false],
  ['photos/**/Raw/*', 'films/Raw/a', false],
  ['photos/**/raw', 'photos/2024/Raw', false],
  ['photos/tmp', 'photos/tmp', true],
  ['photos/tmp', 'photos/2024/tmp', false],
  ['photos/*', 'photos/.hidden', true],
  ['photos/**', 'photos/.hidden/deep', true],
  ['**/cache', 'photos/cache', true],
  ['**/cache', 'photos/a/b/cache', true],
  ['*/cache', 'photos/a/cache', false],
  ['photos/*/**', 'photos/a', false],
  ['photos/*/**', 'photos/a/b', true],
  ['photos/**/**/x', 'photos/x', true],
  ['photos/a (1)/*', 'photos/a (1)/x', true],
  ['photos/{a,b}/x', 'photos/a/x', false],
  ['photos/{a,b}/x', 'photos/{a,b}/x', true],
  ['!photos/a', 'films/a', false],
  ['photos/!(a)', 'photos/b', false],
  ['photos/a|b', 'photos/b', false],
  ['photos/"a"', 'photos/"a"', true],
  ['photos/"a"', 'photos/a', false],
  ['photos/\\a', 'photos/\\a', true],
  ['photos/[!a]b', 'photos/cb', true],
  ['photos/[!a]b', 'photos/ab', false],
  ['photos/a[!b]c', 'photos/a/c', false],
  ['photos/[b', 'photos/[b', true],
  ['photos/?', 'photos/😀', true],
  ['photos/**/x', 'photos/line\nbreak/x', true],
  ['photos/*', 'photos/\udce9', true],
]

test('a pattern with a slash is for a path from the name of the watch on', () => {
  for (const [pattern, path, expected] of PATHS) {
    assert.equal(matchesPath(pattern, path.split('/')), expected, `${pattern} on ${JSON.stringify(path)}`)
  }
})

test('each component of a path is matched as a name is, whatever picomatch makes of its characters', () => {
  const characters = ['a', 'b', '.', ...'(){}+!@-\\|$^# ,😀\n~"\'&=:%']
  const word = (...more: readonly string[]) =>
    fc
      .array(fc.constantFrom(...characters, ...more), { minLength: 1, maxLength: 4 })
      .map((parts) => parts.join(''))
      // No disk has these names, and two stars are a component of their own.
      .filter((text) => text !== '.' && text !== '..' && !text.includes('**'))
  const component = fc.oneof(
    word('*', '?', '[ab]', '[!ab]', '[a-b]', '[^a]', '[c-a]', '[]a]'),
    fc.constant('**'),
    word(),
  )
  const pattern = fc.array(component, { minLength: 2, maxLength: 4 })
  const path = fc.array(fc.oneof(word(), fc.constantFrom('a', 'b')), { minLength: 2, maxLength: 5 })
  fc.assert(
    fc.property(pattern, path, fc.boolean(), (parts, names, isAlike) => {
      // Otherwise hardly any would match.
      const names2 = isAlike
        ? names.map((name, at) => (/^[^*?[]+$/.test(parts[at] ?? '*') ? (parts[at] as string) : name))
        : names
      assert.equal(matchesPath(parts.join('/'), names2), matchesEach(parts, names2))
    }),
    { seed: 14, numRuns: 3_000 },
  )
})

test('only patterns with a slash depend on where a name is', () => {
  assert.ok(!excludesByPath({ patterns: ['a', '*.b'], usesDefaults: true }))
  assert.ok(excludesByPath({ patterns: ['a', 'b/*'], usesDefaults: true }))
})

function nowhere(): string {
  return assert.fail('a pattern for names needs no path')
}

function matches(pattern: string, name: string): boolean {
  return createExclude({ patterns: [pattern], usesDefaults: false })(name, nowhere)
}

function matchesPath(pattern: string, path: readonly string[]): boolean {
  const isExcluded = createExclude({ patterns: [pattern], usesDefaults: false })
  return isExcluded(path.at(-1) as string, () => path.slice(0, -1).join('/'))
}

function matchesEach([first, ...rest]: readonly string[], names: readonly string[]): boolean {
  if (first === undefined) return names.length === 0
  if (first === '**' && rest.every((part) => part === '**')) return names.length > 0
  if (first === '**')
    return matchesEach(rest, names) || (names.length > 0 && matchesEach([first, ...rest], names.slice(1)))
  return names.length > 0 && matches(first, names[0] as string) && matchesEach(rest, names.slice(1))
}
