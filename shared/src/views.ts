/**
 * The views: for people with `sqlite3`, and read by nothing of ours. They cost the writer nothing. An old `sqlite3` that
 * can't parse one of them could open nothing of the file, so they keep to the SQL of SQLite 3.9: no window functions, no
 * row values, no MATERIALIZED. CROSS JOIN is the order in which SQLite is to go: it has no statistics to choose by.
 */
import { HEARTBEAT_AGE_MAX_MS } from './heartbeat.ts'

/** The SELECT of each view, by name. Columns are only ever added: owners' scripts name them. */
export const VIEWS: Readonly<Record<string, string>> = {
  /** The base of `files` and `folders`. The path of a watch on `/` is empty here. */
  folder_paths: `
    WITH RECURSIVE tree (node_id, path, root) AS (
      SELECT node_id, rtrim(path, '/'), name FROM watch_roots
      UNION ALL
      SELECT nodes.node_id, tree.path || '/' || nodes.name, tree.root
      FROM tree CROSS JOIN nodes ON nodes.parent_id = tree.node_id WHERE nodes.is_directory
    )
    SELECT node_id, path, root FROM tree`,
  files: `
    SELECT folder_paths.path || '/' || nodes.name AS path, nodes.name, nodes.size,
           ${timeOf('nodes.mtime', 1_000_000)} AS modified, ${timeOf('nodes.ctime', 1_000_000)} AS changed,
           CASE WHEN nodes.birth_time <> 0 THEN ${timeOf('nodes.birth_time', 1_000_000)} END AS created,
           nodes.mime_type, nodes.hash, nodes.width, nodes.height, nodes.ms_duration,
           CASE WHEN nodes.ms_duration > 0 THEN printf('%d:%02d:%02d', nodes.ms_duration / 3600000,
             nodes.ms_duration / 60000 % 60, nodes.ms_duration / 1000 % 60) END AS duration,
           nodes.metadata_state, nodes.metadata_error, folder_paths.root, nodes.node_id
    FROM folder_paths CROSS JOIN nodes ON nodes.parent_id = folder_paths.node_id
    WHERE NOT nodes.is_directory`,
  folders: foldersView(),
  recent_changes: `
    SELECT latest.change_id,
           CASE WHEN latest.is_removed THEN 'removed'
                WHEN latest.first_change_id = latest.change_id THEN 'created'
                WHEN shown.moved_change_id = latest.change_id THEN 'moved'
                ELSE 'changed' END AS kind,
           coalesce(removals.path, ${pathOf('shown.node_id')}) AS path,
           coalesce(removals.name, shown.name) AS name,
           CASE WHEN latest.is_removed THEN ${timeOf('removals.removed_ms', 1_000)}
                WHEN latest.first_change_id = latest.change_id OR shown.moved_change_id <> latest.change_id
                THEN ${timeOf('shown.ctime', 1_000_000)} END AS time,
           shown.size, shown.hash, latest.node_id
    FROM (SELECT * FROM changes ORDER BY change_id DESC LIMIT 1000) AS latest
    LEFT JOIN nodes AS shown ON shown.node_id = latest.node_id
    LEFT JOIN removals ON removals.change_id = latest.change_id
    ORDER BY latest.change_id DESC`,
  duplicates: `
    SELECT alike.size * (alike.files - 1) AS wasted, alike.size, alike.files, alike.hash,
           ${pathOf('shown.node_id')} AS path, shown.node_id
    FROM (
      SELECT hash, size, count(*) AS files
      FROM (
        SELECT DISTINCT nodes.hash, nodes.size, nodes.device,
               CASE nodes.inode WHEN '' THEN nodes.node_id ELSE nodes.inode END, nodes.birth_time
        FROM (SELECT hash FROM nodes WHERE hash <> '' GROUP BY hash HAVING count(*) > 1) AS several
        CROSS JOIN nodes ON nodes.hash = several.hash
        WHERE nodes.hash <> '' AND nodes.size > 0
      )
      GROUP BY hash, size HAVING count(*) > 1
    ) AS alike
    CROSS JOIN nodes AS shown ON shown.hash = alike.hash AND shown.size = alike.size
    WHERE shown.hash <> ''
    ORDER BY alike.size * (alike.files - 1) DESC, alike.hash`,
  current_problems: `
    SELECT code, root, text, fix, ${timeOf('since_ms', 1_000)} AS since
    FROM (
      SELECT 0 AS place, 'indexer_stopped' AS code, NULL AS root, 'The indexer was stopped.' AS text,
             'start it, and see its log for what ended it' AS fix, heartbeat_ms AS since_ms
      FROM status WHERE state = 'stopped'
      UNION ALL
      SELECT 0, 'indexer_silent', NULL, 'The indexer does not keep its status up to date.',
             'start it, and see its log for what ended it', heartbeat_ms
      FROM status WHERE state <> 'stopped'
        AND abs(strftime('%s', 'now') * 1000 - heartbeat_ms) > ${HEARTBEAT_AGE_MAX_MS}
      UNION ALL
      SELECT id + 1, code, root, text, fix, since_ms FROM problems
    )
    ORDER BY place`,
}

/** Text in UTC, as SQLite writes it; NULL if it is beyond the year 9999. @param unit how many of it are a second */
function timeOf(column: string, unit: number): string {
  return `datetime(${column} / ${unit}, 'unixepoch')`
}

/** The path of one node, found by climbing; NULL if it is below no watched folder. */
function pathOf(nodeId: string): string {
  return `(
      WITH RECURSIVE way (node_id, below) AS (
        SELECT ${nodeId}, ''
        UNION ALL
        SELECT above.parent_id, '/' || above.name || way.below
        FROM way CROSS JOIN nodes AS above ON above.node_id = way.node_id
      )
      SELECT rtrim(watch_roots.path, '/') || way.below
      FROM way CROSS JOIN watch_roots ON watch_roots.node_id = way.node_id LIMIT 1
    )`
}

/**
 * Each folder's sums go to the folders above it: work in proportion to folders and their depth. `bytes` counts each
 * name of a file, as the status does; `bytes_once` counts a file with several names once in each folder, as du(1) does.
 * So what such a file has too much in a folder is taken off there. Sums are kept in two halves: sparse files may have
 * more bytes together than SQLite's integers hold, and then its sum() fails.
 */
function foldersView(): string {
  const whole = (high: string, low: string) =>
    `CASE WHEN ${high} < 2147483647 THEN (${high} << 32) + ${low} ELSE ${high} * 4294967296.0 + ${low} END`
  return `
    WITH RECURSIVE
    up (node_id, files, high, low) AS (
      SELECT parent_id, count(*), sum(size >> 32), sum(size & 4294967295)
      FROM nodes WHERE NOT is_directory GROUP BY parent_id
      UNION ALL
      SELECT nodes.parent_id, up.files, up.high, up.low
      FROM up CROSS JOIN nodes ON nodes.node_id = up.node_id WHERE nodes.parent_id IS NOT NULL
    ),
    linked (node_id, inode, device, birth_time, size) AS (
      SELECT nodes.parent_id, nodes.inode, nodes.device, nodes.birth_time, nodes.size
      FROM (
        SELECT inode, device FROM nodes WHERE inode <> '' GROUP BY inode, device HAVING count(*) > 1
      ) AS several
      CROSS JOIN nodes ON nodes.inode = several.inode AND nodes.device = several.device
      WHERE NOT nodes.is_directory
      UNION ALL
      SELECT nodes.parent_id, linked.inode, linked.device, linked.birth_time, linked.size
      FROM linked CROSS JOIN nodes ON nodes.node_id = linked.node_id WHERE nodes.parent_id IS NOT NULL
    )
    SELECT CASE folder_paths.path WHEN '' THEN '/' ELSE folder_paths.path END AS path,
           coalesce(sums.files, 0) AS files,
           coalesce(${whole('sums.high', 'sums.low')}, 0) AS bytes,
           coalesce(${whole('(sums.high - coalesce(again.high, 0))', '(sums.low - coalesce(again.low, 0))')}, 0)
             AS bytes_once,
           folder_paths.root, folder_paths.node_id
    FROM folder_paths
    LEFT JOIN (
      SELECT node_id, sum(files) AS files, sum(high) AS high, sum(low) AS low FROM up GROUP BY node_id
    ) AS sums ON sums.node_id = folder_paths.node_id
    LEFT JOIN (
      SELECT node_id, sum(high) AS high, sum(low) AS low
      FROM (
        SELECT node_id, sum(size >> 32) - (max(size) >> 32) AS high,
               sum(size & 4294967295) - (max(size) & 4294967295) AS low
        FROM linked GROUP BY node_id, inode, device, birth_time HAVING count(*) > 1
      )
      GROUP BY node_id
    ) AS again ON again.node_id = folder_paths.node_id`
}
