/** Shows that new files by columns become the rows that decisions make, with fewer statements. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { plainNodeId } from '@drive-feed/shared/node-id.ts'
import type { FeedDatabase } from '@drive-feed/shared/open-database.ts'
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'
import { checkFile } from '../../../../test/support/check-file.ts'
import { openStore } from '../../../../test/support/open-store.ts'
import { DEVICE, factsOf } from '../../../../test/support/rows.ts'
import type { Decision, MetadataDue } from '../model/decision.ts'
import type { NewFiles } from '../model/new-files.ts'
import { createSightsBuilder } from '../model/sights.ts'
import { createStore, type Store } from './store.ts'

const BACKLOG: MetadataDue = { state: 'backlog', dueMs: 7 }
const READY: MetadataDue = { state: 'ready', dueMs: 0 }
const SIZES = [0, 1, 2 ** 52, 2 ** 53 - 1, 5, 2 ** 53 - 1]

const folder = (nodeId: string): Decision => {
  const about = { facts: factsOf(`of ${nodeId}`, { size: 0 }), awaiting: READY, copyOf: null }
  return { kind: 'create', nodeId, parentId: SUPER_ROOT_ID, name: nodeId, isDirectory: true, ...about }
}

/** A file of each size, as columns. `withIds`: whether the observer thread made their ids. */
function columns(parentId: string, withIds: boolean): NewFiles {
  const builder = createSightsBuilder()
  for (const [at, size] of SIZES.entries()) {
    const times = { mtime: 1_000, exactMtime: null, ctime: 2_000, birthTime: 1 }
    const stats = { kind: 'file', size, links: 1, device: 1n, inode: BigInt(at + 100), ...times } as const
    builder.pushStats(`${parentId}-${at}`, stats, withIds ? DEVICE : undefined)
  }
  return { parentId, device: DEVICE, sights: builder.pack(), indexes: [...SIZES.keys()], awaiting: BACKLOG }
}

function decisions(parentId: string): Decision[] {
  return SIZES.map((size, at) => {
    const facts = factsOf(at + 100, { size, ctime: 2_000 })
    const of = { nodeId: plainNodeId(DEVICE, facts.inode), parentId, name: `${parentId}-${at}` }
    return { kind: 'create', ...of, isDirectory: false, facts, awaiting: BACKLOG, copyOf: null }
  })
}

/** Everything that is written, but for what the clock and chance put there. */
function content({ sqlite }: FeedDatabase): unknown {
  const tables = ['nodes ORDER BY change_id', 'changes ORDER BY change_id', 'root_totals', 'sqlite_sequence']
  const rows = tables.map((table) => sqlite.prepare(`SELECT * FROM ${table}`).safeIntegers(true).all())
  return [...rows, sqlite.prepare('SELECT change_id, path, name FROM removals ORDER BY change_id').all()]
}

/** A store in which files lived before, if `buried`: then one id has a tombstone that a file's life left. */
function made(t: TestContext, { buried = false, write }: { buried?: boolean; write: (store: Store) => void }) {
  const { db, store } = openStore(t)
  store.apply([folder('a')])
  if (buried) {
    store.apply(decisions('a').slice(0, 2))
    store.apply([{ kind: 'remove', nodeId: plainNodeId(DEVICE, '100') }])
    store.apply([{ kind: 'remove', nodeId: plainNodeId(DEVICE, '101') }])
  }
  write(store)
  checkFile(db)
  return { db, store }
}

/** Counts the statements that run from now on, of those that are prepared from now on. */
function countRuns({ sqlite }: FeedDatabase): { count: number } {
  const runs = { count: 0 }
  const prepare = sqlite.prepare.bind(sqlite)
  const counted = (statement: object) =>
    new Proxy(statement, {
      get: (target, name) => {
        const member = Reflect.get(target, name)
        if (typeof member !== 'function') return member
        return (...given: unknown[]) => {
          if (name === 'run' || name === 'get' || name === 'all') runs.count += 1
          const result = member.apply(target, given)
          return result === target ? counted(target) : result
        }
      },
    })
  Object.assign(sqlite, { prepare: (source: string) => counted(prepare(source)) })
  return runs
}

for (const buried of [false, true]) {
  for (const withIds of [false, true]) {
    const where = `${buried ? 'over tombstones' : 'in a new database'}, ${withIds ? 'with' : 'without'} ids made elsewhere`
    test(`new files become the rows that decisions make, ${where}`, (t) => {
      const expected = made(t, { buried, write: (store) => store.apply(decisions('a')) })
      const given = made(t, { buried, write: (store) => store.addFiles([columns('a', withIds)]) })
      assert.deepEqual(content(given.db), content(expected.db))
      assert.equal(given.store.head(), expected.store.head())
    })
  }
}

test('the log goes on after new files', (t) => {
  const { db, store } = made(t, { write: (some) => some.addFiles([columns('a', true)]) })
  const head = store.head()
  store.apply([folder('b')])
  assert.equal(store.head(), head + 1)
  checkFile(db)
})

test('a new file writes its row and one in the log, and a batch one of totals', (t) => {
  const { db, store } = openStore(t)
  store.apply([folder('a')])
  const count = db.sqlite.prepare<[], number>('SELECT total_changes()').pluck()
  const before = count.get() ?? 0
  store.addFiles([columns('a', true)])
  assert.equal((count.get() ?? 0) - before, SIZES.length * 2 + 1)
})

test('a batch of new files runs one statement a file, and a few more', (t) => {
  const { db } = openStore(t)
  const runs = countRuns(db)
  const store = createStore(db, Date.now)
  store.apply([folder('a')])
  runs.count = 0
  store.addFiles([columns('a', true)])
  assert.ok(runs.count <= SIZES.length + 8, `${runs.count} statements for ${SIZES.length} files`)
})

test('I3: files without their folder are not written', (t) => {
  const { db, store } = openStore(t)
  const before = content(db)
  assert.throws(() => store.addFiles([columns('nowhere', true)]), /no folder nowhere \(I3\)/)
  assert.deepEqual(content(db), before)
  store.apply([folder('a')])
  checkFile(db)
})

test('I11: an id that is there already is refused, and nothing of the batch is written', (t) => {
  const { db, store } = openStore(t)
  store.apply([folder('a'), ...decisions('a').slice(3, 4)])
  const before = content(db)
  assert.throws(() => store.addFiles([columns('a', true)]), /UNIQUE/)
  assert.deepEqual(content(db), before)
  store.apply([folder('b')])
  checkFile(db)
})
