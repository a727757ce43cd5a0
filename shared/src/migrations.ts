/**
 * The schema's DDL, and the upgrade of older files to it. `PRAGMA user_version` is the schema version: 0 an empty file,
 * 1 the original program's, 2 to 7 ours.
 */
import { randomUUID } from 'node:crypto'
import type Database from 'better-sqlite3'
import { displayName, nameFromColumns, nameToBytes } from './entry-name.ts'
import { newRunId } from './feed-epoch.ts'
import { countRoots } from './root-totals.ts'
import { SUPER_ROOT_ID } from './schema.ts'
import { VIEWS } from './views.ts'

export const SCHEMA_VERSION = 7

/** A version that can be upgraded to `SCHEMA_VERSION`. */
export type OlderVersion = 0 | 1 | 2 | 3 | 4 | 5 | 6

/** Upgrades an empty file or one of an older version to `SCHEMA_VERSION`. Runs inside the caller's transaction. */
export function migrate(db: Database.Database, from: OlderVersion): void {
  if (from < 2) makeVersion2(db, from as 0 | 1)
  if (from < 3) {
    db.exec(VERSION_3)
    db.prepare('INSERT INTO feed (id, epoch) VALUES (1, ?)').run(randomUUID())
  }
  if (from < 4) {
    db.exec(VERSION_4)
    showNamesApart(db)
  }
  if (from < 5) {
    db.exec(VERSION_5)
    beginFirstRun(db)
    countTotals(db)
  }
  if (from < 6) {
    db.exec(VERSION_6)
    if (from > 0) db.exec(READ_BY_OTHERS)
  }
  if (from < 7) db.exec(VERSION_7)
  makeViews(db)
  db.pragma(`user_version = ${SCHEMA_VERSION}`)
}

function makeVersion2(db: Database.Database, from: 0 | 1): void {
  if (from === 0) db.exec(CREATE_NODES)
  else upgradeNodes(db)
  db.exec(from === 0 ? CREATE_CHANGES : REBUILD_CHANGES)
  db.exec(CREATE_REST)
  db.prepare(
    `INSERT INTO nodes (node_id, parent_id, name, is_directory, ctime, mtime) VALUES (?, NULL, '', 1, 0, 0)
     ON CONFLICT (node_id) DO NOTHING`,
  ).run(SUPER_ROOT_ID)
  db.exec(CREATE_INDEXES)
  if (from === 1) {
    bury(db)
    restoreParentsFirst(db)
  }
}

/** The version of a file that has tables. */
export type KnownVersion = Exclude<OlderVersion, 0> | typeof SCHEMA_VERSION

export function isKnownVersion(version: unknown): version is KnownVersion {
  return typeof version === 'number' && Object.hasOwn(TABLES_OF_VERSION, version)
}

/**
 * How a file of each version is known to be ours: other programs also number their schemas 1 or 2. Tables, with the
 * columns that a reader or an upgrade relies on.
 */
export const TABLES_OF_VERSION: Readonly<Record<KnownVersion, Readonly<Record<string, readonly string[]>>>> = {
  1: {
    nodes: [
      ...['node_id', 'parent_id', 'name', 'is_directory', 'ctime', 'mtime', 'mime_type', 'hash', 'size'],
      ...['is_image', 'is_video', 'width', 'height', 'ms_duration'],
    ],
    changes: ['change_id', 'node_id', 'is_removed'],
  },
  2: {
    nodes: ['node_id', 'change_id', 'metadata_state'],
    changes: ['change_id', 'node_id', 'is_removed', 'first_change_id'],
    watch_roots: ['name', 'node_id', 'path'],
    status: ['id', 'heartbeat_ms'],
  },
  3: {
    nodes: ['node_id', 'change_id', 'moved_change_id', 'metadata_state'],
    changes: ['change_id', 'node_id', 'is_removed', 'first_change_id'],
    watch_roots: ['name', 'node_id', 'path'],
    status: ['id', 'heartbeat_ms', 'folders_known'],
    feed: ['id', 'epoch'],
  },
  4: {
    nodes: ['node_id', 'change_id', 'moved_change_id', 'metadata_state'],
    changes: ['change_id', 'node_id', 'is_removed', 'first_change_id'],
    watch_roots: ['name', 'node_id', 'path', 'was_scanned'],
    status: ['id', 'heartbeat_ms', 'folders_known'],
    devices: ['device', 'numbers_last', 'mounted_as'],
    feed: ['id', 'epoch'],
  },
  5: {
    nodes: ['node_id', 'change_id', 'moved_change_id', 'metadata_state', 'former_kinds'],
    changes: ['change_id', 'node_id', 'is_removed', 'first_change_id', 'former_kinds'],
    watch_roots: ['name', 'node_id', 'path', 'was_scanned'],
    status: ['id', 'heartbeat_ms', 'folders_known', 'initial_scan_complete'],
    devices: ['device', 'numbers_last', 'mounted_as'],
    feed: ['id', 'epoch'],
    runs: ['first_change_id', 'run_id'],
    removals: ['change_id', 'path', 'name', 'removed_ms'],
    root_totals: ['node_id', 'files', 'bytes'],
    problems: ['id', 'code', 'root', 'text', 'fix', 'since_ms'],
  },
  6: {
    nodes: ['node_id', 'change_id', 'moved_change_id', 'metadata_state', 'former_kinds'],
    changes: ['change_id', 'node_id', 'is_removed', 'first_change_id', 'former_kinds'],
    watch_roots: ['name', 'node_id', 'path', 'was_scanned'],
    status: ['id', 'heartbeat_ms', 'folders_known', 'initial_scan_complete'],
    devices: ['device', 'numbers_last', 'mounted_as'],
    feed: ['id', 'epoch'],
    runs: ['first_change_id', 'run_id'],
    removals: ['change_id', 'path', 'name', 'removed_ms'],
    root_totals: ['node_id', 'files', 'bytes'],
    problems: ['id', 'code', 'root', 'text', 'fix', 'since_ms'],
    readers: ['id', 'libmagic', 'rules', 'marked_to'],
  },
  7: {
    nodes: ['node_id', 'change_id', 'moved_change_id', 'metadata_state', 'former_kinds'],
    changes: ['change_id', 'node_id', 'is_removed', 'first_change_id', 'former_kinds'],
    watch_roots: ['name', 'node_id', 'path', 'was_scanned'],
    status: ['id', 'heartbeat_ms', 'folders_known', 'initial_scan_complete'],
    devices: ['device', 'numbers_last', 'mounted_as'],
    feed: ['id', 'epoch', 'silent_writes'],
    runs: ['first_change_id', 'run_id'],
    removals: ['change_id', 'path', 'name', 'removed_ms'],
    root_totals: ['node_id', 'files', 'bytes'],
    problems: ['id', 'code', 'root', 'text', 'fix', 'since_ms'],
    readers: ['id', 'libmagic', 'rules', 'marked_to'],
  },
}

const NEW_NODE_COLUMNS = [
  'change_id INTEGER NOT NULL DEFAULT 0',
  "device TEXT NOT NULL DEFAULT ''",
  "inode TEXT NOT NULL DEFAULT ''",
  'birth_time INTEGER NOT NULL DEFAULT 0',
  "metadata_state TEXT NOT NULL DEFAULT 'ready'",
  'metadata_due_ms INTEGER NOT NULL DEFAULT 0',
  'metadata_error TEXT',
  'raw_name BLOB',
]

const CREATE_NODES = `
  CREATE TABLE nodes (
    node_id      TEXT    PRIMARY KEY,
    parent_id    TEXT,
    name         TEXT    NOT NULL,
    is_directory INTEGER NOT NULL DEFAULT 0,
    ctime        INTEGER NOT NULL,
    mtime        INTEGER NOT NULL,
    mime_type    TEXT    NOT NULL DEFAULT '',
    hash         TEXT    NOT NULL DEFAULT '',
    size         INTEGER NOT NULL DEFAULT 0,
    is_image     INTEGER NOT NULL DEFAULT 0,
    is_video     INTEGER NOT NULL DEFAULT 0,
    width        INTEGER NOT NULL DEFAULT 0,
    height       INTEGER NOT NULL DEFAULT 0,
    ms_duration  INTEGER NOT NULL DEFAULT 0,
    ${NEW_NODE_COLUMNS.join(',\n    ')}
  );`

const CREATE_CHANGES = `
  CREATE TABLE changes (
    change_id       INTEGER PRIMARY KEY AUTOINCREMENT,
    node_id         TEXT    NOT NULL,
    is_removed      INTEGER NOT NULL DEFAULT 0,
    first_change_id INTEGER NOT NULL
  );`

/**
 * The original appends a row an event. Each node keeps its last one, under its number. sqlite_sequence is copied, so
 * that no cursor is given out twice.
 */
const REBUILD_CHANGES = `
  ALTER TABLE changes RENAME TO changes_v1;
  ${CREATE_CHANGES}
  INSERT INTO changes (change_id, node_id, is_removed, first_change_id)
    SELECT changes_v1.change_id, changes_v1.node_id, changes_v1.is_removed, ends.first_id
    FROM (SELECT max(change_id) AS last_id, min(change_id) AS first_id FROM changes_v1 GROUP BY node_id) AS ends
    JOIN changes_v1 ON changes_v1.change_id = ends.last_id
    ORDER BY changes_v1.change_id;
  UPDATE sqlite_sequence SET seq = max(seq, (SELECT seq FROM sqlite_sequence WHERE name = 'changes_v1'))
    WHERE name = 'changes';
  INSERT INTO sqlite_sequence (name, seq)
    SELECT 'changes', seq FROM sqlite_sequence
    WHERE name = 'changes_v1' AND NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'changes');
  DROP TABLE changes_v1;
  UPDATE nodes SET change_id = changes.change_id FROM changes WHERE changes.node_id = nodes.node_id;`

const CREATE_REST = `
  CREATE TABLE watch_roots (
    name              TEXT    PRIMARY KEY,
    node_id           TEXT    NOT NULL,
    path              TEXT    NOT NULL,
    state             TEXT    NOT NULL,
    state_since_ms    INTEGER NOT NULL,
    message           TEXT,
    unwatched_folders INTEGER NOT NULL DEFAULT 0
  );
  CREATE TABLE devices (
    device          TEXT PRIMARY KEY,
    current_number  TEXT NOT NULL,
    filesystem_id   TEXT NOT NULL,
    filesystem_type TEXT NOT NULL,
    mount_source    TEXT NOT NULL,
    mount_root      TEXT NOT NULL
  );
  CREATE TABLE status (
    id              INTEGER PRIMARY KEY CHECK (id = 1),
    state           TEXT    NOT NULL,
    version         TEXT    NOT NULL,
    started_ms      INTEGER NOT NULL,
    heartbeat_ms    INTEGER NOT NULL,
    folders_listed  INTEGER NOT NULL DEFAULT 0,
    folders_waiting INTEGER NOT NULL DEFAULT 0,
    files_waiting   INTEGER NOT NULL DEFAULT 0,
    files_failed    INTEGER NOT NULL DEFAULT 0,
    lag_ms          INTEGER NOT NULL DEFAULT 0,
    overflows       INTEGER NOT NULL DEFAULT 0,
    rescans         INTEGER NOT NULL DEFAULT 0,
    files_hashed    INTEGER NOT NULL DEFAULT 0
  );
  -- For people with sqlite3: every node with its full path.
  CREATE VIEW files AS
    WITH RECURSIVE tree (node_id, path) AS (
      SELECT node_id, rtrim(path, '/') FROM watch_roots
      UNION ALL
      SELECT nodes.node_id, tree.path || '/' || nodes.name FROM tree JOIN nodes ON nodes.parent_id = tree.node_id
    )
    SELECT tree.path, nodes.size, datetime(nodes.mtime / 1000000, 'unixepoch') AS modified, nodes.mime_type, nodes.hash,
           nodes.width, nodes.height, nodes.ms_duration, nodes.metadata_state, nodes.metadata_error, nodes.node_id
    FROM tree JOIN nodes ON nodes.node_id = tree.node_id
    WHERE NOT nodes.is_directory;
  -- The last hundred changes, newest first.
  CREATE VIEW recent_changes AS
    SELECT changes.change_id, CASE WHEN changes.is_removed THEN 'removed' ELSE 'present' END AS kind,
           nodes.name, nodes.size, nodes.hash, changes.node_id
    FROM changes LEFT JOIN nodes ON nodes.node_id = changes.node_id
    ORDER BY changes.change_id DESC LIMIT 100;`

const CREATE_INDEXES = `
  CREATE INDEX nodes_by_place ON nodes (parent_id, name);
  CREATE INDEX nodes_by_inode ON nodes (inode, device);
  CREATE INDEX nodes_waiting ON nodes (metadata_state, metadata_due_ms) WHERE metadata_state IN ('fresh', 'backlog');
  CREATE INDEX nodes_failed ON nodes (metadata_state) WHERE metadata_state IN ('failed', 'unreadable');
  CREATE INDEX changes_removed ON changes (node_id) WHERE is_removed;`

/** What version 3 adds. Nobody knows when an existing node came to its path; it was no later than its latest change. */
const VERSION_3 = `
  CREATE TABLE feed (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    epoch TEXT    NOT NULL
  );
  ALTER TABLE nodes ADD COLUMN moved_change_id INTEGER NOT NULL DEFAULT 0;
  UPDATE nodes SET moved_change_id = change_id;
  ALTER TABLE watch_roots ADD COLUMN configured_path TEXT NOT NULL DEFAULT '';
  CREATE INDEX nodes_by_hash ON nodes (hash) WHERE hash <> '';
  ALTER TABLE status ADD COLUMN folders_known INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE status ADD COLUMN folders_unwatched INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE status ADD COLUMN watches_allowed INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE status ADD COLUMN instances_allowed INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE status ADD COLUMN folders_per_second REAL NOT NULL DEFAULT 0;
  ALTER TABLE status ADD COLUMN files_per_second REAL NOT NULL DEFAULT 0;`

/** What version 4 adds. A known root counts as scanned to its end: nobody knows better. */
const VERSION_4 = `
  ALTER TABLE devices ADD COLUMN numbers_last INTEGER NOT NULL DEFAULT 1;
  ALTER TABLE devices ADD COLUMN mounted_as TEXT NOT NULL DEFAULT '';
  ALTER TABLE watch_roots ADD COLUMN was_scanned INTEGER NOT NULL DEFAULT 0;
  UPDATE watch_roots SET was_scanned = 1;
  CREATE INDEX nodes_skipped ON nodes (metadata_state) WHERE metadata_state = 'skipped';
  ALTER TABLE status ADD COLUMN places_failing INTEGER NOT NULL DEFAULT 0;`

/**
 * What version 5 adds: runs, the places of removed nodes, problems, and the totals of each root. An id that has lived
 * before, or has been moved, which looks the same, may have been a file or a folder: nobody knows.
 */
const VERSION_5 = `
  CREATE TABLE runs (
    first_change_id INTEGER PRIMARY KEY,
    run_id          TEXT    NOT NULL UNIQUE
  );
  CREATE TABLE removals (
    change_id  INTEGER PRIMARY KEY,
    path       TEXT,
    name       TEXT    NOT NULL,
    removed_ms INTEGER NOT NULL
  );
  ALTER TABLE nodes ADD COLUMN former_kinds INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE changes ADD COLUMN former_kinds INTEGER NOT NULL DEFAULT 0;
  UPDATE changes SET former_kinds = 3 WHERE is_removed;
  UPDATE nodes SET former_kinds = 3 FROM changes
    WHERE changes.change_id = nodes.change_id AND changes.first_change_id <> nodes.moved_change_id;
  CREATE TABLE problems (
    id       INTEGER PRIMARY KEY,
    code     TEXT    NOT NULL,
    root     TEXT,
    text     TEXT    NOT NULL,
    fix      TEXT    NOT NULL,
    since_ms INTEGER NOT NULL
  );
  CREATE TABLE root_totals (
    node_id TEXT    PRIMARY KEY,
    files   INTEGER NOT NULL,
    bytes   TEXT    NOT NULL
  );
  ALTER TABLE status ADD COLUMN initial_scan_complete INTEGER NOT NULL DEFAULT 0`

/** What version 6 adds: the readers' versions, and which files are to be asked for again. */
const VERSION_6 = `
  CREATE TABLE readers (
    id              INTEGER PRIMARY KEY CHECK (id = 1),
    libmagic        TEXT    NOT NULL,
    magic_database  TEXT    NOT NULL,
    mediainfo       TEXT    NOT NULL,
    rules           TEXT    NOT NULL,
    marked_to       INTEGER,
    marks_all_media INTEGER NOT NULL
  );
  CREATE INDEX nodes_again ON nodes (metadata_due_ms) WHERE metadata_state = 'again';`

const VERSION_7 = 'ALTER TABLE feed ADD COLUMN silent_writes INTEGER NOT NULL DEFAULT 0'

/**
 * What version 7 adds besides. The views of before are made anew. An owner's own view or table that has the name of a new one
 * stays, and is not in the way of the upgrade.
 */
function makeViews(db: Database.Database): void {
  for (const former of ['files', 'recent_changes']) db.exec(`DROP VIEW IF EXISTS ${former}`)
  for (const [name, select] of Object.entries(VIEWS)) db.exec(`CREATE VIEW IF NOT EXISTS ${name} AS ${select}`)
}

/** Older versions did not note the readers' versions. */
const READ_BY_OTHERS = `INSERT INTO readers VALUES (1, '', '', '', '', NULL, 0)`

/** All changes from before there were runs get a run of their own. */
function beginFirstRun(db: Database.Database): void {
  const head = db.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'changes'").pluck().get() as number | undefined
  if ((head ?? 0) > 0) db.prepare('INSERT INTO runs (first_change_id, run_id) VALUES (1, ?)').run(newRunId())
}

/** Before version 5 there were no totals. */
function countTotals(db: Database.Database): void {
  const insert = db.prepare('INSERT INTO root_totals (node_id, files, bytes) VALUES (?, ?, ?)')
  for (const { nodeId, files, bytes } of countRoots(db)) insert.run(nodeId, files, String(bytes))
}

function upgradeNodes(db: Database.Database): void {
  // The original's indexes are useless here, or cost more with every write than they give.
  db.exec('DROP INDEX IF EXISTS ix_changes_node_id; DROP INDEX IF EXISTS ix_nodes_parent_id;')
  for (const column of NEW_NODE_COLUMNS) db.exec(`ALTER TABLE nodes ADD COLUMN ${column}`)
  db.exec("UPDATE nodes SET metadata_state = 'backlog' WHERE NOT is_directory AND hash = ''")
}

/**
 * Writes tombstones for what the original left behind when it was killed between two transactions: ids that are present
 * in the log though their node is gone, and nodes that are below no watched folder.
 */
function bury(db: Database.Database): void {
  db.exec(`
    CREATE TEMP TABLE gone AS
      SELECT node_id, change_id, first_change_id FROM changes
      WHERE NOT is_removed AND node_id NOT IN (SELECT node_id FROM nodes);
    CREATE TEMP TABLE stray AS
      WITH RECURSIVE held (node_id) AS (
        VALUES ('${SUPER_ROOT_ID}')
        UNION
        SELECT nodes.node_id FROM held JOIN nodes ON nodes.parent_id = held.node_id
      ), strays (node_id, depth) AS (
        SELECT node_id, 0 FROM nodes
        WHERE node_id NOT IN held AND (parent_id IS NULL OR parent_id NOT IN (SELECT node_id FROM nodes))
        UNION ALL
        SELECT nodes.node_id, strays.depth + 1 FROM strays JOIN nodes ON nodes.parent_id = strays.node_id
      )
      SELECT nodes.node_id, nodes.change_id, changes.first_change_id, coalesce(strays.depth, 0) AS depth
      FROM nodes LEFT JOIN changes ON changes.change_id = nodes.change_id
      LEFT JOIN strays ON strays.node_id = nodes.node_id
      WHERE nodes.node_id NOT IN held;
    DELETE FROM changes WHERE change_id IN (SELECT change_id FROM gone UNION ALL SELECT change_id FROM stray);
    DELETE FROM nodes WHERE node_id IN (SELECT node_id FROM stray);
    INSERT INTO changes (node_id, is_removed, first_change_id)
      SELECT node_id, 1, first_change_id FROM gone ORDER BY change_id DESC;
    INSERT INTO changes (node_id, is_removed, first_change_id)
      SELECT node_id, 1, first_change_id FROM stray WHERE first_change_id IS NOT NULL ORDER BY depth DESC, change_id DESC;
    DROP TABLE temp.gone;
    DROP TABLE temp.stray;`)
}

/** Re-issues every node that comes before its parent, has no row in `changes` or is removed there (I3). */
function restoreParentsFirst(db: Database.Database): void {
  reissue(db, 'nodes.change_id <= tree.change_id OR coalesce(changes.is_removed, 1)')
}

/**
 * Before version 4 each byte that is not UTF-8 was shown as U+FFFD alone, so that two names in a folder could look
 * alike. Such nodes are re-issued under the names they have now, and so is all below them, whose paths have changed.
 */
function showNamesApart(db: Database.Database): void {
  db.exec('CREATE TEMP TABLE shown_anew (node_id TEXT PRIMARY KEY)')
  const select = `SELECT node_id AS nodeId, name, raw_name AS rawName FROM nodes
    WHERE raw_name IS NOT NULL OR instr(name, char(${0xfffd}))`
  const rename = db.prepare('UPDATE nodes SET name = ?, raw_name = ? WHERE node_id = ?')
  const remember = db.prepare('INSERT INTO temp.shown_anew VALUES (?)')
  let count = 0
  for (const row of db.prepare<[], { nodeId: string; name: string; rawName: Buffer | null }>(select).all()) {
    const name = nameFromColumns(row.name, row.rawName)
    const shown = displayName(name)
    if (shown === row.name) continue
    rename.run(shown, nameToBytes(name), row.nodeId)
    remember.run(row.nodeId)
    count += 1
  }
  if (count > 0) {
    const lastId = reissue(db, 'nodes.node_id IN (SELECT node_id FROM temp.shown_anew)')
    db.prepare('UPDATE nodes SET moved_change_id = change_id WHERE change_id > ?').run(lastId)
  }
  db.exec('DROP TABLE temp.shown_anew')
}

/**
 * Re-issues, breadth first, the nodes for which a condition holds (on `nodes`, `changes` and the parent in `tree`), and
 * all below them, since a re-issued node's new number is above all of theirs. Gives the last number before.
 */
function reissue(db: Database.Database, condition: string): number {
  const lastId = db.prepare('SELECT coalesce(max(change_id), 0) FROM changes').pluck().get() as number
  db.exec(`
    CREATE TEMP TABLE reissued AS
      WITH RECURSIVE tree (node_id, depth, change_id, again) AS (
        VALUES ('${SUPER_ROOT_ID}', 0, 0, 0)
        UNION ALL
        SELECT nodes.node_id, tree.depth + 1, nodes.change_id,
               tree.again OR ${condition}
        FROM tree JOIN nodes ON nodes.parent_id = tree.node_id
        LEFT JOIN changes ON changes.change_id = nodes.change_id
      )
      SELECT node_id, change_id FROM tree WHERE again ORDER BY depth, change_id;
    INSERT INTO changes (node_id, is_removed, first_change_id)
      SELECT reissued.node_id, 0, coalesce(changes.first_change_id, 0)
      FROM reissued LEFT JOIN changes ON changes.change_id = reissued.change_id
      ORDER BY reissued.rowid;
    DELETE FROM changes WHERE change_id IN (SELECT change_id FROM reissued);
    DROP TABLE temp.reissued;`)
  const setOwn = 'UPDATE changes SET first_change_id = change_id WHERE change_id > ? AND first_change_id = 0'
  const setNew = `UPDATE nodes SET change_id = changes.change_id FROM changes
    WHERE changes.node_id = nodes.node_id AND changes.change_id > ?`
  db.prepare(setOwn).run(lastId)
  db.prepare(setNew).run(lastId)
  return lastId
}
