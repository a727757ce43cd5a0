/** Shows what each error of the database means for its owner: a table over the pure function. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DatabaseUnusableError } from '@drive-feed/shared/open-database.ts'
import { DatabaseAwayError, DatabaseDamagedError, DatabaseReplacedError, databaseTrouble } from './database-trouble.ts'

function coded(code: string): Error {
  return Object.assign(new Error(`message of ${code}`), { code })
}

test('each error of the database says whether to wait, to mend or to replace', () => {
  const remedies = {
    SQLITE_FULL: 'wait',
    ENOSPC: 'wait',
    SQLITE_BUSY_SNAPSHOT: 'wait',
    SQLITE_IOERR_SHMSIZE: 'wait',
    SQLITE_READONLY_DBMOVED: 'mend',
    SQLITE_CANTOPEN: 'mend',
    SQLITE_CORRUPT_INDEX: 'replace',
    SQLITE_NOTADB: 'replace',
  }
  for (const [code, remedy] of Object.entries(remedies)) {
    assert.equal(databaseTrouble(coded(code))?.remedy, remedy, code)
    const wrapped = new DatabaseUnusableError('database_url: …', { cause: coded(code) })
    assert.equal(databaseTrouble(wrapped)?.remedy, remedy, `the cause ${code}`)
  }
  assert.deepEqual(databaseTrouble(new DatabaseAwayError('it is away; mount it')), {
    problem: { text: 'it is away', fix: 'mount it', message: 'it is away; mount it' },
    remedy: 'mend',
  })
  assert.equal(databaseTrouble(new DatabaseReplacedError('gone'))?.problem.message, 'gone')
  assert.equal(databaseTrouble(new DatabaseDamagedError('bad'))?.remedy, 'replace')
})

test('what looks damaged may only have the -wal of before beside it, which is the first thing to do away with', () => {
  for (const code of ['SQLITE_CORRUPT', 'SQLITE_NOTADB']) {
    assert.match(
      databaseTrouble(coded(code))?.problem.message ?? '',
      /^the database file is damaged; if you put a copy there/,
    )
  }
})

test('what is not about the database is a bug', () => {
  for (const error of [new TypeError('undefined'), coded('SQLITE_CONSTRAINT_UNIQUE'), coded('EACCES'), 'thrown text']) {
    assert.equal(databaseTrouble(error), null)
  }
})
