/** Shows when a row and a sight are of the same thing, and when a file counts as rewritten: tables. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { factsOf, fileRow, fileSight, folderRow, folderSight } from '../../../../test/support/rows.ts'
import {
  isPresent,
  isRewritten,
  isSameThing,
  type PlacedSight,
  type PresentSight,
  placedSight,
  placeKey,
} from './observation.ts'
import type { Sight } from './sight.ts'

function present(sight: PlacedSight): PresentSight {
  assert.ok(isPresent(sight))
  return sight
}

const IDENTITY = { deviceNumber: '7', inode: '5', birthTime: 1, mtime: 2, ctime: 3 }

test("a device number is replaced by the device's stable name", () => {
  const stable = (number: string) => `stable ${number}`
  const file: Sight = { kind: 'file', ...IDENTITY, size: 4, links: 2 }
  const facts = { device: 'stable 7', inode: '5', birthTime: 1, mtime: 2, ctime: 3 }
  assert.deepEqual(placedSight(file, stable), { kind: 'file', facts: { ...facts, size: 4 }, links: 2 })
  assert.deepEqual(placedSight({ kind: 'folder', ...IDENTITY }, stable), {
    kind: 'folder',
    facts: { ...facts, size: 0 },
  })
  assert.deepEqual(placedSight({ kind: 'unreadable', problem: 'EACCES' }, stable), { kind: 'unreadable' })
  assert.deepEqual(placedSight({ kind: 'gone' }, stable), { kind: 'gone' })
})

const SAME: readonly [what: string, row: ReturnType<typeof fileRow>, sight: PlacedSight, same: boolean][] = [
  ['a file', fileRow(1, 'p', 'a'), fileSight(1), true],
  ['a file with other bytes', fileRow(1, 'p', 'a'), fileSight(1, { size: 99, mtime: 99 }), true],
  ['another inode', fileRow(1, 'p', 'a'), fileSight(2), false],
  ['the same number on another device', fileRow(1, 'p', 'a'), fileSight(1, { device: '9' }), false],
  ['a folder', folderRow(1, 'p', 'a'), folderSight(1), true],
  ['a folder under the number of a file', fileRow(1, 'p', 'a'), folderSight(1), false],
  ['a number that was used again', fileRow(1, 'p', 'a'), fileSight(1, { birthTime: 2 }), false],
  ['a filesystem that keeps no birth time', fileRow(1, 'p', 'a'), fileSight(1, { birthTime: 0 }), true],
  ['a row without a birth time', fileRow(1, 'p', 'a', { birthTime: 0 }), fileSight(1, { birthTime: 5 }), true],
  ["the original's row", fileRow(1, 'p', 'a', { device: '', inode: '' }), fileSight(1), true],
  ["the original's row of another inode", fileRow(1, 'p', 'a', { device: '', inode: '' }), fileSight(2), false],
]

for (const [what, row, sight, same] of SAME) {
  test(`${what} is ${same ? 'the same thing' : 'another thing'}`, () => {
    assert.equal(isSameThing(row, present(sight)), same)
  })
}

test('another size, or another time by a microsecond, is a rewrite', () => {
  const row = fileRow(1, 'p', 'a')
  assert.ok(!isRewritten(row, factsOf(1, { ctime: 99 })))
  assert.ok(isRewritten(row, factsOf(1, { size: 11 })))
  assert.ok(isRewritten(row, factsOf(1, { mtime: 1_001 })))
})

test("a microsecond more or less is no rewrite of the original's row, which was rounded", () => {
  const row = fileRow(1, 'p', 'a', { device: '', inode: '' })
  assert.ok(!isRewritten(row, factsOf(1, { mtime: 1_001 })))
  assert.ok(!isRewritten(row, factsOf(1, { mtime: 999 })))
  assert.ok(isRewritten(row, factsOf(1, { mtime: 1_002 })))
})

test('different places have different keys', () => {
  const keys = [
    { parentId: 'a', name: 'b' },
    { parentId: 'a', name: 'c' },
    { parentId: 'ab', name: '' },
    { parentId: 'a', name: '\udc80' },
    { parentId: 'a', name: '\ufffd' },
  ].map(placeKey)
  assert.equal(new Set(keys).size, keys.length)
})
