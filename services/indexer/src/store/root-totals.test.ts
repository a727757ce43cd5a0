/** Shows that the totals of each root follow every operation. The real store on a database in a temporary folder. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'
import { openStore } from '../../../../test/support/open-store.ts'
import { factsOf } from '../../../../test/support/rows.ts'
import type { Decision } from '../model/decision.ts'
import { createStore } from './store.ts'

const AWAITING = { state: 'ready', dueMs: 0 } as const

function make(nodeId: string, parentId: string, size: number | null): Decision {
  const facts = factsOf(nodeId, { size: size ?? 0 })
  return {
    ...{ kind: 'create', nodeId, parentId, name: nodeId, isDirectory: size === null, facts, awaiting: AWAITING },
    copyOf: null,
  }
}

function move(nodeId: string, parentId: string, isDirectory: boolean): Decision {
  return { kind: 'move', nodeId, parentId, name: nodeId, isDirectory, ctime: 1 }
}

/** Roots `a` and `b`; in `a` a folder with a folder and a file in each, and a file beside them. */
function library(t: TestContext) {
  const { db, store } = openStore(t)
  store.apply([
    ...[make('a', SUPER_ROOT_ID, null), make('b', SUPER_ROOT_ID, null), make('outer', 'a', null)],
    ...[make('inner', 'outer', null), make('one', 'a', 1), make('ten', 'outer', 10), make('hundred', 'inner', 100)],
  ])
  const totals = () =>
    Object.fromEntries(
      db.sqlite
        .prepare<[], [string, number, string]>('SELECT node_id, files, bytes FROM root_totals ORDER BY 1')
        .raw()
        .all()
        .map(([root, files, bytes]) => [root, [files, bytes]]),
    )
  return { db, store, totals }
}

test('files and bytes follow what moves between roots, is removed with its folder, grows and is adopted', (t) => {
  const { store, totals } = library(t)
  assert.deepEqual(totals(), { a: [3, '111'] })
  store.apply([move('outer', 'b', true)])
  assert.deepEqual(totals(), { a: [1, '1'], b: [2, '110'] })
  // In one plan a folder moves, a file leaves it, and another file moves into it.
  store.apply([move('inner', 'a', true), move('hundred', 'b', false), move('one', 'inner', false)])
  assert.deepEqual(totals(), { a: [1, '1'], b: [2, '110'] })
  store.apply([{ kind: 'rewrite', nodeId: 'ten', facts: factsOf('ten', { size: 4 }), awaiting: AWAITING }])
  store.apply([{ kind: 'adopt', nodeId: 'one', facts: factsOf('one', { size: 7 }) }])
  assert.deepEqual(totals(), { a: [1, '7'], b: [2, '104'] })
  store.apply([
    { kind: 'remove', nodeId: 'outer' },
    { kind: 'remove', nodeId: 'ten' },
    { kind: 'remove', nodeId: 'one' },
  ])
  assert.deepEqual(totals(), { b: [1, '100'] })
})

test('a folder that becomes a root takes its files along, and a root that leaves the config has none left', (t) => {
  const { store, totals } = library(t)
  store.apply([move('outer', SUPER_ROOT_ID, true)])
  assert.deepEqual(totals(), { a: [1, '1'], outer: [2, '110'] })
  store.apply([{ kind: 'remove', nodeId: 'a' }])
  assert.deepEqual(totals(), { outer: [2, '110'] })
})

test('what a failed transaction counted is forgotten, alone and within another', (t) => {
  const { store, totals } = library(t)
  assert.throws(() => store.apply([make('new', 'a', 5), make('new', 'a', 5)]))
  assert.throws(() =>
    store.transaction(() => {
      store.apply([make('new', 'a', 5)])
      throw new Error('later')
    }),
  )
  assert.deepEqual(totals(), { a: [3, '111'] })
  store.apply([make('new', 'b', 5)])
  assert.deepEqual(totals(), { a: [3, '111'], b: [1, '5'] })
})

test('no byte is lost beside the largest possible files, nor by a restart', (t) => {
  const { db, store, totals } = library(t)
  // The size comes from the kernel as a double, which is one more.
  const largest = Number(2n ** 63n - 1n)
  store.apply([make('huge', 'inner', largest), make('twin', 'a', largest), make('third', 'a', 2 ** 62)])
  assert.deepEqual(totals(), { a: [6, String(2n * (2n ** 63n - 1n) + 2n ** 62n + 111n)] })
  const again = createStore(db, Date.now)
  again.apply([move('outer', 'b', true)])
  assert.deepEqual(totals().b, [3, String(2n ** 63n - 1n + 110n)])
  again.apply(['huge', 'twin', 'third'].map((nodeId) => ({ kind: 'remove', nodeId })))
  assert.deepEqual(totals(), { a: [1, '1'], b: [2, '110'] })
})

test('what changes no total writes none', (t) => {
  const { db, store } = library(t)
  db.sqlite.exec(`CREATE TRIGGER no_update BEFORE UPDATE ON root_totals BEGIN SELECT raise(ABORT, 'written'); END;
    CREATE TRIGGER no_insert BEFORE INSERT ON root_totals BEGIN SELECT raise(ABORT, 'written'); END;`)
  store.apply([
    move('inner', 'a', true),
    move('one', 'outer', false),
    { kind: 'recheck', nodeId: 'one', awaiting: AWAITING },
    { kind: 'rewrite', nodeId: 'ten', facts: factsOf('ten', { size: 10 }), awaiting: AWAITING },
  ])
})
