/**
 * Holds every statement of the indexer to its index, by SQLite's own query plan: with a million rows one full scan is
 * felt everywhere.
 */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { openStore } from '../../../../test/support/open-store.ts'
import { UNSURE_TYPES } from '../metadata/unsure-types.ts'
import { createReadAgain } from './read-again.ts'
import { createStore } from './store.ts'

type Step = { readonly detail: string }

/** The source of every statement that a store prepares, with the steps that SQLite takes for it. */
function plans(t: TestContext): Map<string, string[]> {
  const { db } = openStore(t)
  const { sqlite } = db
  const prepare = sqlite.prepare.bind(sqlite)
  const sources: string[] = []
  // Drizzle prepares through this connection too.
  Object.assign(sqlite, {
    prepare: (source: string) => {
      sources.push(source)
      return prepare(source)
    },
  })
  createStore(db, Date.now)
  createReadAgain(db, UNSURE_TYPES)
  return new Map(
    sources.map((source) => {
      const steps = prepare(`EXPLAIN QUERY PLAN ${source}`).all(...nothingBound(source)) as Step[]
      return [source, steps.map(({ detail }) => detail)]
    }),
  )
}

/** NULL for each parameter: the plan does not depend on them. */
function nothingBound(source: string): unknown[] {
  const named = [...source.matchAll(/:([a-z]+)/gi)].map(([, name]) => [name, null])
  if (named.length > 0) return [Object.fromEntries(named)]
  return Array.from(source.matchAll(/\?/g), () => null)
}

/** Plans of the statements whose source has all of the parts. */
function planOf(all: Map<string, string[]>, ...parts: readonly (string | RegExp)[]): string[][] {
  const fits = (source: string) => {
    const plain = source.replaceAll('"', '').replace(/\s+/g, ' ')
    return parts.every((part) => (typeof part === 'string' ? plain.includes(part) : part.test(plain)))
  }
  const found = [...all].filter(([source]) => fits(source)).map(([, steps]) => steps)
  assert.ok(found.length > 0, `no statement has ${parts.join(' and ')}`)
  return found
}

test('no statement reads a whole table', (t) => {
  const scans: string[] = []
  for (const [source, steps] of plans(t)) {
    // It runs once, at the start, and ends at the first row of an index that holds nothing else.
    if (source.includes('EXISTS (SELECT 1 FROM changes WHERE is_removed)')) continue
    for (const step of steps) {
      // A scan of a partial index reads only what that index holds.
      if (/^SCAN (nodes|changes)\b(?!.*USING (COVERING )?INDEX nodes_(waiting|failed|skipped))/.test(step)) {
        scans.push(`${source}\n  ${steps.join('\n  ')}`)
      }
    }
  }
  assert.ok(scans.length === 0, `\n${scans.join('\n')}`)
})

const INTENDED: readonly [what: string, parts: readonly (string | RegExp)[], index: RegExp][] = [
  ['children', [/select .*from nodes where nodes.parent_id = \?$/i], /nodes_by_place \(parent_id=\?\)/],
  ['a listing', [/^SELECT name, raw_name.*WHERE parent_id = \?/], /nodes_by_place \(parent_id=\?\)/],
  ['the node at a place', [/nodes.parent_id = \? and nodes.name = \?/], /nodes_by_place \(parent_id=\? AND name=\?\)/],
  [
    'the names of an inode',
    [/^select .*nodes.inode = \? and nodes.device = \?\)?$/],
    /nodes_by_inode \(inode=\? AND device=\?\)/,
  ],
  [
    'whether rows of the original are left',
    [/EXISTS \(SELECT 1 FROM nodes/],
    /nodes_by_inode \(inode=\? AND device=\?\)/,
  ],
  ['with which change a file came', [/^SELECT moved_change_id FROM nodes/], /sqlite_autoindex_nodes_1 \(node_id=\?\)/],
  ['which inodes have names', [/json_each/], /nodes_by_inode \(inode=\?\)/],
  ['the bytes that were read', [/WHERE inode = \?.*SELECT device/], /nodes_by_inode \(inode=\? AND device=\?\)/],
  [
    'what is due',
    [/'backlog'.*metadata_due_ms <= \?.*LIMIT|'fresh'.*metadata_due_ms <= \?.*LIMIT/],
    /nodes_waiting \(metadata_state=\? AND metadata_due_ms<\?\)/,
  ],
  [
    'what is due next',
    [/min\(.*metadata_due_ms\).*'fresh'/],
    /nodes_waiting \(metadata_state=\? AND metadata_due_ms>\?\)/,
  ],
  ['what is to be asked again', ["= 'again'", /metadata_due_ms <= \? .*limit/], /nodes_again \(metadata_due_ms<\?\)/],
  ['what is to be asked again next', [/min\(.*metadata_due_ms\).*= 'again'/], /nodes_again \(metadata_due_ms>\?\)/],
  ['what may be answered otherwise', ["SET metadata_state = 'again'"], /INTEGER PRIMARY KEY \(rowid>\? AND rowid<\?\)/],
  [
    'what has to be read whole',
    [/SET metadata_state = 'backlog'.*rowid/],
    /INTEGER PRIMARY KEY \(rowid>\? AND rowid<\?\)/,
  ],
  ['how many wait', [/count\(\*\).*'fresh', 'backlog'/], /nodes_waiting/],
  ['how many failed', [/count\(\*\).*'failed', 'unreadable'/], /nodes_failed/],
  ['a tombstone', [/^select .*from changes where .*is_removed/], /changes_removed \(node_id=\?\)/],
]

for (const [what, parts, index] of INTENDED) {
  test(`${what} is found by its index`, (t) => {
    for (const steps of planOf(plans(t), ...parts)) {
      assert.match(steps.join('\n'), index)
      assert.ok(!steps.some((step) => step.includes('TEMP B-TREE')), `sorted by hand:\n${steps.join('\n')}`)
    }
  })
}
