/** Shows which entries of a listing differ from the rows (I12). Real folders, and rows made of what is in them. */
import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { entryStatsOf } from '../../../../../test/support/entry-stats.ts'
import { temporaryFolder } from '../../../../../test/support/temporary-folder.ts'
import type { ListedRow } from '../../model/known-node.ts'
import { countOf, createSightsBuilder, type PackedSights } from '../../model/sights.ts'
import type { EntryStats } from '../../posix/statx.ts'
import { compareListing } from './listing.ts'

const STABLE = 'stable name'

type Listing = { sights: PackedSights; rows: ListedRow[]; deviceNumber: bigint }

/** A real folder with two files and a folder, and the rows that say just that. */
function listing(t: TestContext, names: readonly string[] = ['a', 'b', 'folder/']): Listing & { top: string } {
  const top = temporaryFolder(t)
  for (const name of names) {
    if (name.endsWith('/')) mkdirSync(join(top, name))
    else writeFileSync(join(top, name), name)
  }
  const plain = names.map((name) => name.replace('/', ''))
  const sights = sightsOf(top, plain)
  const rows = plain.map((name) => rowOf(name, entryStatsOf(join(top, name))))
  return { top, sights, rows, deviceNumber: entryStatsOf(top).device }
}

function sightsOf(top: string, names: readonly string[]): PackedSights {
  const builder = createSightsBuilder()
  for (const name of names) builder.pushStats(name, entryStatsOf(join(top, name)))
  return builder.pack()
}

function rowOf(name: string, { kind, inode, size, mtime, birthTime }: EntryStats): ListedRow {
  const isFolder = kind === 'folder'
  const [id, at] = [`id of ${name}`, isFolder ? 0 : size]
  return [name, null, String(inode), STABLE, at, mtime, birthTime, isFolder ? 1 : 0, id, 'ready']
}

/** Columns of a row. */
const [RAW_NAME, INODE, DEVICE, SIZE, MTIME, STATE] = [1, 2, 3, 4, 5, 9]

function changedRow(row: ListedRow | undefined, column: number | undefined, value: unknown): ListedRow {
  assert.ok(row !== undefined && column !== undefined)
  return row.with(column, value as string) as unknown as ListedRow
}

function compare({ sights, rows, deviceNumber }: Listing, inLimbo: readonly string[] = []) {
  const range = { from: 0, to: countOf(sights) }
  return compareListing(sights, range, rows, { device: STABLE, deviceNumber }, (id) => inLimbo.includes(id))
}

function namesOf(compared: ReturnType<typeof compare>) {
  return compared.differences.map(({ name, sight, isNew }) => [name, sight.kind, isNew])
}

test('I12: a listing that is what is known has no differences; its folders are told', (t) => {
  const given = listing(t)
  const compared = compare(given)
  assert.deepEqual(compared.differences, [])
  const inode = given.rows[2]?.[INODE as 2]
  assert.deepEqual(compared.sameFolders, [{ nodeId: 'id of folder', name: 'folder', device: STABLE, inode }])
})

test('what is known and not listed comes first, then what is listed and not known', (t) => {
  const given = listing(t)
  const [a, b, folder] = given.rows
  assert.ok(a !== undefined && b !== undefined && folder !== undefined)
  const rows: ListedRow[] = [b, changedRow(folder, 0, 'renamed'), changedRow(a, 0, 'z')]
  assert.deepEqual(namesOf(compare({ ...given, rows })), [
    ['renamed', 'gone', false],
    ['z', 'gone', false],
    ['a', 'file', true],
    ['folder', 'folder', true],
  ])
})

for (const [what, column, value] of [
  ['size', SIZE, 99],
  ['time', MTIME, 99],
  ['inode', INODE, '99'],
  ['device', DEVICE, 'another'],
] as const) {
  test(`a file of another ${what} is a difference`, (t) => {
    const given = listing(t)
    const [a, ...others] = given.rows
    const rows = [changedRow(a, column, value), ...others]
    assert.deepEqual(namesOf(compare({ ...given, rows })), [['a', 'file', false]])
  })
}

test('a folder of other times is none', (t) => {
  const given = listing(t)
  const [a, b, folder] = given.rows
  const rows = [a, b, changedRow(folder, MTIME, 99)] as ListedRow[]
  assert.deepEqual(namesOf(compare({ ...given, rows })), [])
  const moved = [a, b, changedRow(folder, INODE, '99')] as ListedRow[]
  assert.deepEqual(namesOf(compare({ ...given, rows: moved })), [['folder', 'folder', false]])
})

test('a file that could not be read is looked at closely by every scan', (t) => {
  const given = listing(t)
  const [a, ...others] = given.rows
  const rows = [changedRow(a, STATE, 'unreadable'), ...others]
  assert.deepEqual(namesOf(compare({ ...given, rows })), [['a', 'file', false]])
})

test('what is in limbo is looked at closely, so that it comes out', (t) => {
  const given = listing(t)
  assert.deepEqual(namesOf(compare(given, ['id of a', 'id of folder'])), [
    ['a', 'file', false],
    ['folder', 'folder', false],
  ])
})

test('an entry of another device than its folder is looked at closely', (t) => {
  const given = listing(t)
  assert.equal(compare({ ...given, deviceNumber: given.deviceNumber + 1n }).differences.length, 3)
})

test('a symbolic link where a file was is a difference', (t) => {
  const given = listing(t)
  symlinkSync('b', join(given.top, 'c'))
  const sights = sightsOf(given.top, ['c', 'b', 'folder'])
  const [a, ...others] = given.rows
  assert.deepEqual(namesOf(compare({ ...given, sights, rows: [changedRow(a, 0, 'c'), ...others] })), [
    ['c', 'unlisted', false],
  ])
})

test('names that are not UTF-8 are compared by their bytes', (t) => {
  const given = listing(t, ['a', 'b'])
  const [a, b] = given.rows
  const builder = createSightsBuilder()
  for (const [name, on] of [['x\udcff', 'a'] as const, ['x\udcfe', 'b'] as const]) {
    builder.pushStats(name, entryStatsOf(join(given.top, on)))
  }
  const sights = builder.pack()
  const rows = [
    changedRow(changedRow(a, 0, 'x\ufffdFF'), RAW_NAME, Buffer.from([0x78, 0xff])),
    changedRow(changedRow(b, 0, 'x\ufffdFE'), RAW_NAME, Buffer.from([0x78, 0xfe])),
  ]
  assert.deepEqual(compare({ ...given, sights, rows }).differences, [])
  const [first, second] = rows
  assert.ok(first !== undefined && second !== undefined)
  const swapped = [changedRow(first, RAW_NAME, second[1]), changedRow(second, RAW_NAME, first[1])]
  assert.equal(compare({ ...given, sights, rows: swapped }).differences.length, 2)
})

test('only the range of the folder is looked at', (t) => {
  const given = listing(t)
  const { sights, rows, deviceNumber } = given
  const [, b] = rows
  assert.ok(b !== undefined)
  const compared = compareListing(sights, { from: 1, to: 2 }, [b], { device: STABLE, deviceNumber }, () => false)
  assert.deepEqual(compared, { differences: [], sameFolders: [], newFiles: [], isChanged: false })
})

test('a listing tells a change from what is only looked at closely', (t) => {
  const given = listing(t)
  const [a, b, folder] = given.rows
  assert.ok(a !== undefined && b !== undefined && folder !== undefined)
  const isChanged = (rows: ListedRow[], inLimbo: string[] = []) => compare({ ...given, rows }, inLimbo).isChanged
  assert.equal(isChanged([a, b, folder]), false)
  assert.equal(isChanged([a, b, folder], ['id of a']), false, 'in limbo')
  assert.equal(isChanged([changedRow(a, STATE, 'unreadable'), b, folder]), false, 'to be read again')
  assert.equal(isChanged([a, b, changedRow(folder, DEVICE, 'mounted there')]), false, 'another filesystem')
  assert.equal(isChanged([a, b]), true, 'new')
  assert.equal(isChanged([a, b, folder, changedRow(a, 0, 'z')]), true, 'gone')
  assert.equal(isChanged([a, changedRow(b, MTIME, 1), folder]), true, 'written')
  symlinkSync('a', join(given.top, 'link'))
  const sights = sightsOf(given.top, ['a', 'b', 'folder', 'link'])
  assert.equal(compare({ ...given, sights }).isChanged, false, 'a link, which is never listed')
})

test('plain new files are told by their indexes, and are no differences', (t) => {
  const given = listing(t, ['a', 'b', 'c', 'folder/'])
  const { sights, deviceNumber } = given
  const rows = given.rows.filter(([name]) => name === 'b')
  const compared = (changedBeforeMs?: number) => {
    const range = { from: 0, to: countOf(sights) }
    return compareListing(sights, range, rows, { device: STABLE, deviceNumber, changedBeforeMs }, () => false)
  }
  const { newFiles, differences, isChanged } = compared(Date.now() + 1_000)
  assert.deepEqual(newFiles, [0, 2])
  assert.deepEqual(
    differences.map(({ name }) => name),
    ['folder'],
  )
  assert.equal(isChanged, true)
  for (const none of [compared(0), compared()]) {
    assert.deepEqual(none.newFiles, [])
    assert.equal(none.differences.length, 3)
  }
})
