/** Shows which cursors are good in which database (I13): tables over the pure function. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cursorRefusal } from './cursor-refusal.ts'

const DATABASE = 'a0b5ed1b-c945-49a7-8b0e-c626aec1d62c'
const [FIRST, SECOND] = ['1'.repeat(16), '2'.repeat(16)]
const FILES = 'k3j5h7f9d'
const FEED = { epoch: `${DATABASE}.${SECOND}`, head: 20, roots: '' }
/** The first run ended with change 10. */
const queries = {
  runEnd: (run: string) =>
    new Map([
      [FIRST, 10],
      [SECOND, null],
    ] as const).get(run),
}

function reasonOf(epoch: string | undefined, cursor: number): string | undefined {
  return cursorRefusal(queries, FEED, { epoch, cursor, files: FILES })?.detail.split(/,|:/)[0]
}

test('I13: a cursor is good in its run, and up to where the next one began', () => {
  for (const [epoch, cursor] of [
    [`${DATABASE}.${SECOND}`, 20],
    [`${DATABASE}.${SECOND}`, 5],
    [`${DATABASE}.${FIRST}`, 10],
    [`${DATABASE}.${FIRST}`, 0],
    // Who got its epoch before there were runs, and who names none.
    [DATABASE, 20],
    // Read from a state that lies between the cursor and the next run (a is 10), also by who has gone on since.
    [`${DATABASE}.${FIRST}.a`, 3],
    [`${DATABASE}.${FIRST}.3`, 10],
    [`${DATABASE}.${SECOND}.k`, 3],
    // Read nobody knows up to where, from the same files.
    [`${DATABASE}.${FIRST}.~${FILES}`, 10],
    [undefined, 99],
    ['another', 0],
  ] as const) {
    assert.equal(reasonOf(epoch, cursor), undefined, `${epoch} ${cursor}`)
  }
})

test('I13: what a copy of the database does not have is gone, whatever number it has reached', () => {
  assert.equal(reasonOf(`${DATABASE}.${FIRST}`, 11), 'The cursor is of changes that this database does not have')
  assert.equal(
    reasonOf(`${DATABASE}.${'3'.repeat(16)}`, 3),
    'The cursor is of changes that this database does not have',
  )
  // Of a row that had moved beyond the cursor nobody was told, and here it may be where it was.
  assert.equal(reasonOf(`${DATABASE}.${FIRST}.b`, 3), 'The cursor is of changes that this database does not have')
  assert.equal(reasonOf(`${DATABASE}.${SECOND}.l`, 3), 'The cursor lies beyond the end of the log')
  assert.equal(
    reasonOf(`${DATABASE}.${FIRST}.~${FILES.replace('k', 'm')}`, 3),
    'The cursor is of an answer that was long in coming',
  )
  assert.equal(reasonOf(`${DATABASE}.${SECOND}`, 21), 'The cursor lies beyond the end of the log')
  assert.equal(reasonOf(DATABASE, 21), 'The cursor lies beyond the end of the log')
  for (const epoch of ['another', `${DATABASE}.`, `${DATABASE}.${FIRST}0`, DATABASE.replace('a0', 'b0')]) {
    assert.equal(reasonOf(epoch, 3), 'The cursor belongs to another database', epoch)
  }
})
