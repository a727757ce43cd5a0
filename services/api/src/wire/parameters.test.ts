/** Shows which texts each parameter accepts, and what becomes of them: tables. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PARAMETERS } from './parameters.ts'
import { type Parameters, readParameters } from './read-parameters.ts'

/** A parameter as Express' simple query parser gives it. */
type Raw = string | readonly string[] | undefined

/** The value of one parameter; null where it is refused. */
function read(parameters: Parameters, name: string, raw: Raw): unknown {
  const schema = parameters[name]
  assert.ok(schema !== undefined)
  const result = readParameters({ [name]: schema }, raw === undefined ? {} : { [name]: raw })
  if (!result.ok) assert.match(result.detail, new RegExp(`^${name} (must|can) .*\\.$`))
  return result.ok ? result.values[name] : null
}

const cursors: readonly (readonly [raw: Raw, cursor: number | null])[] = [
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
  test(`cursor=${JSON.stringify(raw)} is ${cursor ?? 'refused'}`, () => {
    assert.ok(Object.is(read(PARAMETERS.position, 'cursor', raw), cursor))
  })
}

const sizes: readonly (readonly [raw: Raw, maxSize: number | undefined])[] = [
  [undefined, undefined],
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
  test(`max_size=${JSON.stringify(raw)} of /changes is ${maxSize ?? 'everything'}`, () => {
    assert.equal(read(PARAMETERS.changes, 'max_size', raw), maxSize)
  })
}

const MD5 = '0123456789abcdef0123456789abcdef'
const others: readonly (readonly [group: Parameters, name: string, raw: Raw, value: unknown])[] = [
  [PARAMETERS.changes, 'wait', undefined, undefined],
  [PARAMETERS.changes, 'wait', '0', 0],
  [PARAMETERS.changes, 'wait', '30', 30],
  [PARAMETERS.changes, 'wait', '0.25', 0.25],
  [PARAMETERS.changes, 'wait', '55', 55],
  [PARAMETERS.changes, 'wait', '55.1', 55],
  [PARAMETERS.changes, 'wait', '3600', 55],
  [PARAMETERS.changes, 'wait', '9'.repeat(400), 55],
  [PARAMETERS.changes, 'wait', '-1', null],
  [PARAMETERS.changes, 'wait', '1e1', null],
  [PARAMETERS.changes, 'wait', 'long', null],
  [PARAMETERS.changes, 'wait', '', null],
  [PARAMETERS.changes, 'wait', ['1', '1'], null],
  [PARAMETERS.position, 'epoch', undefined, undefined],
  [PARAMETERS.position, 'epoch', 'e', 'e'],
  [PARAMETERS.position, 'epoch', '', null],
  [PARAMETERS.position, 'epoch', 'e'.repeat(65), null],
  [PARAMETERS.view, 'include', 'path', 'path'],
  [PARAMETERS.view, 'include', 'paths', null],
  [PARAMETERS.view, 'include', ['path', 'path'], null],
  [PARAMETERS.view, 'under', 'some id', 'some id'],
  [PARAMETERS.view, 'under', '', null],
  [PARAMETERS.view, 'type', 'file', 'file'],
  [PARAMETERS.view, 'type', 'directory', 'directory'],
  [PARAMETERS.view, 'type', 'folder', null],
  [PARAMETERS.view, 'settled', '1', true],
  [PARAMETERS.view, 'settled', '0', false],
  [PARAMETERS.view, 'settled', 'true', true],
  [PARAMETERS.view, 'settled', 'false', false],
  [PARAMETERS.view, 'settled', 'True', true],
  [PARAMETERS.view, 'settled', 'FALSE', false],
  [PARAMETERS.view, 'settled', ['true', 'true'], null],
  [PARAMETERS.view, 'settled', 'constructor', null],
  [PARAMETERS.view, 'settled', '2', null],
  [PARAMETERS.view, 'settled', 'yes', null],
  [PARAMETERS.view, 'settled', '', null],
  [PARAMETERS.listing, 'max_size', undefined, 1_000],
  [PARAMETERS.listing, 'max_size', '1', 1],
  [PARAMETERS.listing, 'max_size', '1001', null],
  [PARAMETERS.listing, 'max_size', '0', null],
  [PARAMETERS.listing, 'max_size', 'all', null],
  [PARAMETERS.lookup, 'path', '/mnt/media', '/mnt/media'],
  [PARAMETERS.lookup, 'path', 'media', null],
  [PARAMETERS.lookup, 'hash', MD5.toUpperCase(), MD5],
  [PARAMETERS.lookup, 'hash', MD5.slice(1), null],
  [PARAMETERS.lookup, 'hash', `${MD5} `, null],
  [PARAMETERS.paths, 'id', 'a', ['a']],
  [PARAMETERS.paths, 'id', ['a', 'b'], ['a', 'b']],
  [PARAMETERS.paths, 'id', undefined, null],
  [PARAMETERS.paths, 'id', '', null],
  [PARAMETERS.paths, 'id', Array.from({ length: 101 }, () => 'a'), null],
]

for (const [group, name, raw, value] of others) {
  const shown = JSON.stringify(raw)?.slice(0, 40)
  test(`${name}=${shown} is ${value === null ? 'refused' : JSON.stringify(value)}`, () => {
    assert.deepEqual(read(group, name, raw), value)
  })
}

test('a name that a route does not take is left alone, also if every object has it', () => {
  const query = { other: '1', constructor: 'x', __proto__: null }
  assert.deepEqual(readParameters(PARAMETERS.position, query), {
    ok: true,
    values: { cursor: 0, epoch: undefined },
  })
})
