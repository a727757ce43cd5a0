/**
 * Shows that every older database is upgraded without loss (I2 to I5, I11). It starts from a database of the original
 * program, and from rows made for each case.
 */
import assert from 'node:assert/strict'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import Database from 'better-sqlite3'
import { temporaryFolder } from '../../test/support/temporary-folder.ts'
import { openWriter } from './open-database.ts'
import { SUPER_ROOT_ID } from './schema.ts'

type Change = { change_id: number; node_id: string; is_removed: 0 | 1; first_change_id: number }
type Event = Pick<Change, 'change_id' | 'node_id' | 'is_removed'>
type Node = { node_id: string; parent_id: string | null; change_id: number; name: string } & Record<string, unknown>

const TABLES = [
  'nodes',
  'changes',
  'watch_roots',
  'devices',
  'status',
  'feed',
  'runs',
  'removals',
  'problems',
  'root_totals',
  'readers',
]

/** Left by version 1.0.1 of the original program: several rows a node, tombstones, a folder newer than its children. */
const ORIGINAL = new URL('../../test/data/original-1.0.1.db', import.meta.url)

const ORIGINAL_COLUMNS =
  'node_id, parent_id, name, is_directory, ctime, mtime, mime_type, hash, size, is_image, is_video, width, height, ms_duration'

test('upgrade: every node of the original is there, with the same values in all its columns', (t) => {
  const { before, after } = upgraded(t)
  const select = `SELECT ${ORIGINAL_COLUMNS} FROM nodes ORDER BY node_id`
  const rows = before.prepare(select).all()
  assert.equal(rows.length, 11)
  assert.deepEqual(after.prepare(select).all(), rows)
})

test('I5, upgrade: the cursor is not lower than before, and the next change is above every old one', (t) => {
  // A number that was given out still counts if its row is gone.
  const { after } = upgraded(t, "INSERT INTO changes (node_id) VALUES ('x'); DELETE FROM changes WHERE node_id = 'x'")
  const next = after.prepare("INSERT INTO changes (node_id, first_change_id) VALUES ('y', 0)").run().lastInsertRowid
  assert.ok(Number(next) > 22, String(next))
})

test('I5, upgrade: a log that was emptied keeps its cursor', (t) => {
  const { after } = upgraded(t, `DELETE FROM changes; DELETE FROM nodes WHERE node_id <> '${SUPER_ROOT_ID}'`)
  const next = after.prepare("INSERT INTO changes (node_id, first_change_id) VALUES ('y', 0)").run().lastInsertRowid
  assert.equal(next, 22)
})

test('upgrade: each node has one change, its own, and remembers its first one', (t) => {
  const { before, after } = upgraded(t)
  const firsts = before.prepare('SELECT node_id, min(change_id) AS first FROM changes GROUP BY node_id').all() as {
    node_id: string
    first: number
  }[]
  const changes = changesOf(after)
  assert.deepEqual(
    new Map(changes.map((change) => [change.node_id, change.first_change_id])),
    new Map(firsts.map(({ node_id, first }) => [node_id, first])),
  )
  for (const node of nodesOf(after)) {
    const own = changes.filter((change) => change.node_id === node.node_id).map((change) => change.change_id)
    assert.deepEqual(own, node.node_id === SUPER_ROOT_ID ? [] : [node.change_id])
  }
})

test('I3, upgrade: every node comes after its parent', (t) => {
  const { before, after } = upgraded(t)
  assert.ok(violationsOfParentsFirst(lastEvents(before), before) > 0, 'the original file breaks the order')
  assert.equal(violationsOfParentsFirst(changesOf(after), after), 0)
})

test('I3, upgrade: what is below a folder that is issued again follows it, however deep', (t) => {
  const { after } = upgraded(t, `INSERT INTO changes (node_id) SELECT node_id FROM nodes WHERE name = 'media'`)
  assert.equal(violationsOfParentsFirst(changesOf(after), after), 0)
})

test('I2, upgrade: from every cursor that the original handed out, a client ends with the nodes', (t) => {
  const { before, after } = upgraded(t)
  const old = before.prepare('SELECT * FROM changes ORDER BY change_id').all() as Event[]
  for (let cursor = 0; cursor <= old.length; cursor += 1) {
    assert.deepEqual(replay(old.slice(0, cursor), changesOf(after), cursor), idsOf(after), `cursor ${cursor}`)
  }
})

test('I2, I4, upgrade: what the original left behind when it was killed is repaired', (t) => {
  const { before, after } = upgraded(t, LEFT_BEHIND)
  const nodes = idsOf(after)
  for (const gone of ['lost-parent', 'lost-child', 'loop-a', 'loop-b', 'forgotten', 'unreported']) {
    assert.ok(!nodes.has(gone), gone)
  }
  const old = before.prepare('SELECT * FROM changes ORDER BY change_id').all() as Event[]
  const changes = changesOf(after)
  for (let cursor = 0; cursor <= 35; cursor += 1) {
    const seen = old.filter((event) => event.change_id <= cursor)
    assert.deepEqual(replay(seen, changes, cursor), nodes, `cursor ${cursor}`)
  }
  const removals = changes.filter((change) => change.is_removed === 1).map((change) => change.node_id)
  assert.ok(removals.indexOf('lost-child') < removals.indexOf('lost-parent'), 'children before parents')
  assert.equal(violationsOfParentsFirst(changes, after), 0)
})

const HOLIDAY_ID = '474f30cc-739a-568b-921d-8c8f307d958c'

/**
 * Nodes below no watched folder, an id whose removal was not written, and one whose node is there but removed in the
 * log.
 */
const LEFT_BEHIND = `
  INSERT INTO nodes (node_id, parent_id, name, is_directory, ctime, mtime) VALUES
    ('lost-parent', 'never-there', 'lost', 1, 0, 0), ('lost-child', 'lost-parent', 'child', 0, 0, 0),
    ('loop-a', 'loop-b', 'a', 1, 0, 0), ('loop-b', 'loop-a', 'b', 1, 0, 0),
    ('unreported', 'never-there', 'unreported', 0, 0, 0);
  INSERT INTO changes (change_id, node_id, is_removed) VALUES
    (30, 'lost-child', 0), (31, 'lost-parent', 0), (32, 'loop-a', 0), (33, 'loop-b', 0), (34, 'forgotten', 0),
    (35, '${HOLIDAY_ID}', 1);`

test('upgrade: files without a hash wait for one, and no other', (t) => {
  const { after } = upgraded(t, "UPDATE nodes SET hash = '' WHERE name = 'i.jpg'")
  const waiting = after.prepare("SELECT name FROM nodes WHERE metadata_state = 'backlog'").pluck().all()
  assert.deepEqual(waiting, ['i.jpg'])
  const others = after
    .prepare("SELECT count(*) FROM nodes WHERE metadata_state NOT IN ('backlog', 'ready')")
    .pluck()
    .get()
  assert.equal(others, 0)
})

/** Every table has the columns that it has in a new file. */
function assertNewColumns(t: TestContext, after: Database.Database): void {
  const fresh = openWriter(join(temporaryFolder(t), 'new.db')).sqlite
  for (const table of TABLES) {
    assert.deepEqual(after.pragma(`table_info(${table})`), fresh.pragma(`table_info(${table})`), table)
  }
  fresh.close()
}

test('upgrade: an upgraded file has the schema of a new one', (t) => {
  const { after } = upgraded(t)
  const fresh = openWriter(join(temporaryFolder(t), 'new.db')).sqlite
  const select = 'SELECT name, type, tbl_name FROM sqlite_schema ORDER BY name'
  assert.deepEqual(after.prepare(select).all(), fresh.prepare(select).all())
  assertNewColumns(t, after)
  assert.equal(after.pragma('integrity_check', { simple: true }), 'ok')
  fresh.close()
})

test('upgrade: a version 2 file gets the schema of a new one and keeps its nodes, cursors and log', (t) => {
  const path = join(temporaryFolder(t), 'feed.db')
  const old = openWriter(path).sqlite
  old.exec(BACK_TO_VERSION_6)
  old.exec(BACK_TO_VERSION_5)
  old.exec(BACK_TO_VERSION_4)
  old.exec(BACK_TO_VERSION_3)
  old.exec(BACK_TO_VERSION_2)
  old.exec(`INSERT INTO nodes (node_id, parent_id, name, ctime, mtime, change_id) VALUES ('a', '${SUPER_ROOT_ID}', 'a', 0, 0, 7);
    INSERT INTO changes (change_id, node_id, first_change_id) VALUES (7, 'a', 3)`)
  old.close()
  const after = openWriter(path).sqlite
  assertNewColumns(t, after)
  assert.deepEqual(changesOf(after), [{ change_id: 7, node_id: 'a', is_removed: 0, first_change_id: 3 }])
  // Nobody knows when the node came to its path. Its latest change is safe.
  assert.equal(after.prepare("SELECT moved_change_id FROM nodes WHERE node_id = 'a'").pluck().get(), 7)
  after.close()
})

/** Two roots, one with a folder in it, and sizes whose sum is more than SQLite's sum() takes. */
const LARGE = `
  INSERT INTO nodes (node_id, parent_id, name, is_directory, ctime, mtime, size) VALUES
    ('media', '${SUPER_ROOT_ID}', 'media', 1, 0, 0, 0), ('empty', '${SUPER_ROOT_ID}', 'empty', 1, 0, 0, 0),
    ('folder', 'media', 'folder', 1, 0, 0, 0), ('a', 'media', 'a', 0, 0, 0, 3),
    ('b', 'folder', 'b', 0, 0, 0, 9223372036854775807), ('c', 'folder', 'c', 0, 0, 0, 9223372036854775807);
  INSERT INTO status (id, state, version, started_ms, heartbeat_ms) VALUES (1, 'stopped', '0', 1, 2);`

test('upgrade: a version 4 file gets the schema of a new one, and the files of each root are counted', (t) => {
  const after = upgradedFromVersion4(t, LARGE)
  assertNewColumns(t, after)
  assert.deepEqual(after.prepare('SELECT node_id, files, bytes FROM root_totals').raw().all(), [
    ['media', 3, '18446744073709551617'],
  ])
  assert.equal(after.prepare('SELECT initial_scan_complete FROM status').pluck().get(), 0)
})

test('upgrade: the files of the original are counted', (t) => {
  const { after } = upgraded(t)
  const totals = after.prepare('SELECT name, files, bytes FROM root_totals JOIN nodes USING (node_id) ORDER BY name')
  assert.deepEqual(totals.raw().all(), [
    ['media', 4, '61073'],
    ['photos', 1, '30107'],
  ])
})

/** A version 3 file with names that are not UTF-8, as that version showed them. */
const ALIKE = `
  INSERT INTO nodes (node_id, parent_id, name, raw_name, is_directory, ctime, mtime, change_id, moved_change_id) VALUES
    ('root', '${SUPER_ROOT_ID}', 'media', NULL, 1, 0, 0, 1, 1),
    ('ff', 'root', '\ufffd', x'ff', 1, 0, 0, 2, 2),
    ('inner', 'ff', 'in', NULL, 1, 0, 0, 9, 3),
    ('deep', 'inner', 'a\ufffd', x'61fe', 0, 0, 0, 10, 4),
    ('fe', 'root', '\ufffd', x'fe', 0, 0, 0, 5, 5),
    ('real', 'root', '\ufffd', NULL, 0, 0, 0, 6, 6),
    ('digits', 'root', '\ufffdFF', NULL, 0, 0, 0, 7, 7),
    ('plain', 'root', 'plain', NULL, 0, 0, 0, 8, 8);
  INSERT INTO changes (change_id, node_id, is_removed, first_change_id)
    SELECT change_id, node_id, 0, moved_change_id FROM nodes WHERE change_id > 0;
  INSERT INTO changes (change_id, node_id, is_removed, first_change_id) VALUES (12, 'gone', 1, 11);`

test('I2, I3, I11, upgrade: names that looked alike look different, and clients receive them', (t) => {
  const path = join(temporaryFolder(t), 'feed.db')
  const old = openWriter(path).sqlite
  old.exec(BACK_TO_VERSION_6)
  old.exec(BACK_TO_VERSION_5)
  old.exec(BACK_TO_VERSION_4)
  old.exec(BACK_TO_VERSION_3)
  old.exec(ALIKE)
  const seen = changesOf(old)
  old.close()
  const after = openWriter(path).sqlite
  t.after(() => after.close())
  const rows = after.prepare("SELECT name, hex(raw_name) FROM nodes WHERE name <> '' ORDER BY rowid").raw().all()
  assert.deepEqual(rows, [
    ['media', ''],
    ['\ufffdFF', 'FF'],
    ['in', ''],
    ['a\ufffdFE', '61FE'],
    ['\ufffdFE', 'FE'],
    ['\ufffd', ''],
    ['\ufffdEF\ufffdBF\ufffdBDFF', 'EFBFBD4646'],
    ['plain', ''],
  ])
  const changes = changesOf(after)
  const told = changes.filter(({ change_id }) => change_id > 12)
  assert.deepEqual(
    told.map(({ node_id, first_change_id }) => [node_id, first_change_id]),
    [
      ['ff', 2],
      ['fe', 5],
      ['digits', 7],
      ['inner', 3],
      ['deep', 4],
    ],
  )
  assert.equal(told[0]?.change_id, 13)
  assert.equal(violationsOfParentsFirst(changes, after), 0)
  assert.equal(changes.length, seen.length)
  for (const { node_id, change_id, moved_change_id } of nodesOf(after)) {
    const own = told.find((change) => change.node_id === node_id)
    if (own !== undefined) assert.deepEqual([change_id, moved_change_id], [own.change_id, own.change_id], node_id)
    else assert.ok(change_id <= 12, node_id)
  }
  for (let cursor = 0; cursor <= 12; cursor += 1) {
    const known = seen.filter(({ change_id }) => change_id <= cursor)
    assert.deepEqual(replay(known, changes, cursor), idsOf(after), `cursor ${cursor}`)
  }
})

test('I13, upgrade: changes from before there were runs are a run of their own, and an empty feed has none', (t) => {
  const path = join(temporaryFolder(t), 'feed.db')
  const old = openWriter(path).sqlite
  assert.deepEqual(runsOf(old), [])
  old.exec(BACK_TO_VERSION_6)
  old.exec(BACK_TO_VERSION_5)
  old.exec(BACK_TO_VERSION_4)
  old.exec(ALIKE)
  old.close()
  const copy = `${path}.copy`
  copyFileSync(path, copy)
  const [one, other] = [openWriter(path).sqlite, openWriter(copy).sqlite]
  const runs = [...runsOf(one), ...runsOf(other)]
  assert.deepEqual(
    runs.map(({ first_change_id }) => first_change_id),
    [1, 1],
  )
  assert.notEqual(runs[0]?.run_id, runs[1]?.run_id, 'two copies that go on are distinguished')
  one.close()
  other.close()
})

test('upgrade: an id that may have been a file and a folder is taken to have been both', (t) => {
  const after = upgradedFromVersion4(t, ALIKE)
  const former = (table: string) =>
    after.prepare(`SELECT node_id, former_kinds FROM ${table} WHERE former_kinds <> 0`).raw().all()
  assert.deepEqual(former('changes'), [['gone', 3]])
  assert.deepEqual(former('nodes'), [], 'none of them was moved since its first change')
})

test('upgrade: if no shown name changes, clients receive nothing', (t) => {
  const path = join(temporaryFolder(t), 'feed.db')
  const old = openWriter(path).sqlite
  old.exec(BACK_TO_VERSION_6)
  old.exec(BACK_TO_VERSION_5)
  old.exec(BACK_TO_VERSION_4)
  old.exec(BACK_TO_VERSION_3)
  old.exec(ALIKE)
  old.exec("DELETE FROM nodes WHERE raw_name IS NOT NULL OR node_id IN ('inner', 'digits')")
  const before = changesOf(old)
  old.close()
  const after = openWriter(path).sqlite
  t.after(() => after.close())
  assert.deepEqual(changesOf(after), before)
})

test("upgrade: the readers' versions are unknown for files of an older version, and a new database has none", (t) => {
  const path = join(temporaryFolder(t), 'feed.db')
  const old = openWriter(path).sqlite
  const readers = 'SELECT libmagic, magic_database, mediainfo, rules, marked_to, marks_all_media FROM readers'
  assert.deepEqual(old.prepare(readers).raw().all(), [])
  old.exec(BACK_TO_VERSION_6)
  old.exec(BACK_TO_VERSION_5)
  old.close()
  const after = openWriter(path).sqlite
  t.after(() => after.close())
  assert.deepEqual(after.prepare(readers).raw().all(), [['', '', '', '', null, 0]])
  const fresh = openWriter(join(temporaryFolder(t), 'new.db')).sqlite
  t.after(() => fresh.close())
  const schema = 'SELECT name, type, tbl_name FROM sqlite_schema ORDER BY name'
  assert.deepEqual(after.prepare(schema).all(), fresh.prepare(schema).all())
})

function upgradedFromVersion4(t: TestContext, rows: string): Database.Database {
  const path = join(temporaryFolder(t), 'feed.db')
  const old = openWriter(path).sqlite
  old.exec(BACK_TO_VERSION_6)
  old.exec(BACK_TO_VERSION_5)
  old.exec(BACK_TO_VERSION_4)
  old.exec(rows)
  old.close()
  const after = openWriter(path).sqlite
  t.after(() => after.close())
  return after
}

/** The views as version 2 to 6 had them. */
const BACK_TO_VERSION_6 = `
  ALTER TABLE feed DROP COLUMN silent_writes;
  DROP VIEW files;
  DROP VIEW folders;
  DROP VIEW folder_paths;
  DROP VIEW recent_changes;
  DROP VIEW duplicates;
  DROP VIEW current_problems;
  CREATE VIEW files AS SELECT node_id AS path FROM nodes;
  CREATE VIEW recent_changes AS SELECT change_id FROM changes;
  PRAGMA user_version = 6;`

const BACK_TO_VERSION_5 = `
  DROP INDEX nodes_again;
  DROP TABLE readers;
  PRAGMA user_version = 5;`

const BACK_TO_VERSION_4 = `
  DROP TABLE runs;
  DROP TABLE removals;
  ALTER TABLE nodes DROP COLUMN former_kinds;
  ALTER TABLE changes DROP COLUMN former_kinds;
  DROP TABLE problems;
  DROP TABLE root_totals;
  ALTER TABLE status DROP COLUMN initial_scan_complete;
  PRAGMA user_version = 4;`

const BACK_TO_VERSION_3 = `
  DROP INDEX nodes_skipped;
  ALTER TABLE devices DROP COLUMN numbers_last;
  ALTER TABLE devices DROP COLUMN mounted_as;
  ALTER TABLE watch_roots DROP COLUMN was_scanned;
  ALTER TABLE status DROP COLUMN places_failing;
  PRAGMA user_version = 3;`

const BACK_TO_VERSION_2 = `
  DROP TABLE feed;
  DROP INDEX nodes_by_hash;
  ALTER TABLE nodes DROP COLUMN moved_change_id;
  ALTER TABLE watch_roots DROP COLUMN configured_path;
  ALTER TABLE status DROP COLUMN folders_known;
  ALTER TABLE status DROP COLUMN folders_unwatched;
  ALTER TABLE status DROP COLUMN watches_allowed;
  ALTER TABLE status DROP COLUMN instances_allowed;
  ALTER TABLE status DROP COLUMN folders_per_second;
  ALTER TABLE status DROP COLUMN files_per_second;
  PRAGMA user_version = 2;`

test("upgrade: a version 6 file gets the views of a new one, and an owner's own table of that name stays", (t) => {
  const path = join(temporaryFolder(t), 'feed.db')
  const old = openWriter(path).sqlite
  old.exec(BACK_TO_VERSION_6)
  old.exec("CREATE TABLE duplicates (mine); INSERT INTO readers VALUES (1, '1', '2', '3', '4', NULL, 0)")
  old.close()
  const after = openWriter(path).sqlite
  t.after(() => after.close())
  assertNewColumns(t, after)
  assert.deepEqual(after.prepare('SELECT libmagic FROM readers').pluck().all(), ['1'])
  const kinds = after
    .prepare("SELECT name, type FROM sqlite_schema WHERE name IN ('duplicates', 'files', 'folders') ORDER BY name")
    .raw()
    .all()
  assert.deepEqual(kinds, [
    ['duplicates', 'table'],
    ['files', 'view'],
    ['folders', 'view'],
  ])
  assert.deepEqual(after.prepare('SELECT path, size FROM files').all(), [])
})

test('every new database has an epoch of its own, which stays with the file', (t) => {
  const paths = [join(temporaryFolder(t), 'one.db'), join(temporaryFolder(t), 'other.db')]
  const epochsOf = () =>
    paths.map((path) => {
      const { sqlite } = openWriter(path)
      const epochs = sqlite.prepare('SELECT epoch FROM feed').pluck().all()
      sqlite.close()
      assert.equal(epochs.length, 1)
      return epochs[0]
    })
  const epochs = epochsOf()
  assert.notEqual(epochs[0], epochs[1])
  assert.match(String(epochs[0]), /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  assert.deepEqual(epochsOf(), epochs)
})

test('the views show files by their full path, and the latest changes', (t) => {
  const { after } = upgraded(t)
  after.exec(
    `INSERT INTO watch_roots (name, node_id, path, state, state_since_ms)
     SELECT name, node_id, '/mnt/' || name, 'watching', 0 FROM nodes WHERE parent_id = '${SUPER_ROOT_ID}'`,
  )
  assert.deepEqual(after.prepare('SELECT path, size, hash FROM files ORDER BY path').raw().all(), [
    ['/mnt/media/holiday/i.jpg', 9833, 'fd47c22f88b738ccc918064119a2e5f3'],
    ['/mnt/media/holiday/v.mp4', 51229, 'ea06390e006bc658727785176464df4c'],
    ['/mnt/media/new/moved.pdf', 9, '6446a98080f5e51ab7f0abc0e8eda635'],
    ['/mnt/media/renamed/a.txt', 2, '60b725f10c9c85c70d97880dfe8191b3'],
    ['/mnt/photos/i.png', 30107, 'ed241c4a06ac95a23c29f578ba9a016b'],
  ])
  const recent = after.prepare('SELECT change_id, kind, name FROM recent_changes').raw().all() as [
    number,
    string,
    string,
  ][]
  assert.equal(recent.length, 10)
  assert.deepEqual(recent[0]?.slice(1), ['moved', 'a.txt'])
})

/** The original's file with `sql` run on it, before and after the upgrade. */
function upgraded(t: TestContext, sql = '') {
  const folder = temporaryFolder(t)
  const [oldPath, path] = [join(folder, 'old.db'), join(folder, 'feed.db')]
  copyFileSync(ORIGINAL, oldPath)
  const before = new Database(oldPath)
  before.exec(sql)
  copyFileSync(oldPath, path)
  const after = openWriter(path).sqlite
  t.after(() => {
    before.close()
    after.close()
  })
  return { before, after }
}

function runsOf(db: Database.Database): { first_change_id: number; run_id: string }[] {
  return db.prepare('SELECT * FROM runs ORDER BY first_change_id').all() as {
    first_change_id: number
    run_id: string
  }[]
}

function changesOf(db: Database.Database): Change[] {
  const columns = 'change_id, node_id, is_removed, first_change_id'
  return db.prepare(`SELECT ${columns} FROM changes ORDER BY change_id`).all() as Change[]
}

function nodesOf(db: Database.Database): Node[] {
  return db.prepare('SELECT * FROM nodes').all() as Node[]
}

function idsOf(db: Database.Database): Set<string> {
  return new Set(
    nodesOf(db)
      .map((node) => node.node_id)
      .filter((id) => id !== SUPER_ROOT_ID)
      .sort(),
  )
}

function lastEvents(db: Database.Database): Event[] {
  return db
    .prepare('SELECT max(change_id) AS change_id, node_id, is_removed FROM changes GROUP BY node_id ORDER BY 1')
    .all() as Event[]
}

/** What a client that has read `seen` knows after it read the new log from `cursor` on. */
function replay(seen: readonly Event[], log: readonly Change[], cursor: number): Set<string> {
  const known = new Set<string>()
  const apply = (change: Event) => (change.is_removed ? known.delete(change.node_id) : known.add(change.node_id))
  seen.forEach(apply)
  for (const change of log) {
    const isNews = change.change_id > cursor && !(change.is_removed === 1 && change.first_change_id > cursor)
    if (isNews) apply(change)
  }
  return new Set([...known].sort())
}

function violationsOfParentsFirst(events: readonly Event[], db: Database.Database): number {
  const place = new Map(events.filter((event) => !event.is_removed).map((event) => [event.node_id, event.change_id]))
  const nodes = db.prepare('SELECT node_id, parent_id FROM nodes').all() as Pick<Node, 'node_id' | 'parent_id'>[]
  return nodes.filter(({ node_id, parent_id }) => {
    if (parent_id === null || parent_id === SUPER_ROOT_ID) return false
    return (place.get(node_id) ?? 0) <= (place.get(parent_id) ?? 0)
  }).length
}
