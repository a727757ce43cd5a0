/**
 * The tables as Drizzle sees them. The DDL that makes them is in `migrations.ts`; a test holds the two together.
 *
 * Times are microseconds since 1970 unless a name ends in another unit. Device and inode numbers are decimal text: both
 * are unsigned 64-bit numbers (mergerfs uses all the bits), which neither a JavaScript number nor SQLite's signed
 * INTEGER holds.
 */
import { blob, integer, real, sqliteTable, text } from './drizzle.ts'
import type { ProblemCode } from './problem.ts'

/**
 * The state of a file's metadata.
 * - `ready`: it was read.
 * - `fresh`, `backlog`: it waits for a worker; fresh files come first.
 * - `failed`: a library failed on it. It is not tried again until the file changes.
 * - `unreadable`: it could not be read. It is tried again with the next scan.
 * - `skipped`: it is not to be read until it changes (`skip_initial_hash`).
 * - `again`: like ready or failed, but read with other versions than those of now. It is asked for again if nothing
 *   else waits, and its hash stays.
 */
export type MetadataState = 'ready' | 'fresh' | 'backlog' | 'failed' | 'unreadable' | 'skipped' | 'again'

/** One row a name on disk: every directory and every regular file, and the super-root. */
export const nodes = sqliteTable('nodes', {
  nodeId: text('node_id').primaryKey(),
  parentId: text('parent_id'),
  /**
   * Well-formed Unicode for people and clients, different for all names of a folder. The bytes differ if `rawName` is
   * set.
   */
  name: text('name').notNull(),
  isDirectory: integer('is_directory', { mode: 'boolean' }).notNull(),
  ctime: integer('ctime').notNull(),
  mtime: integer('mtime').notNull(),
  mimeType: text('mime_type').notNull(),
  /** MD5 in lower-case hex; empty for directories and while it is not known yet. */
  hash: text('hash').notNull(),
  /** Bytes; 0 for directories. */
  size: integer('size').notNull(),
  isImage: integer('is_image', { mode: 'boolean' }).notNull(),
  isVideo: integer('is_video', { mode: 'boolean' }).notNull(),
  /** Pixels, of the first image or video track; 0 if unknown. */
  width: integer('width').notNull(),
  height: integer('height').notNull(),
  /** Milliseconds, rounded down; 0 if unknown. */
  msDuration: integer('ms_duration').notNull(),
  /** This node's one row in `changes`. */
  changeId: integer('change_id').notNull(),
  /** The device's stable name (`devices.device`), not the `st_dev` of now. Empty in rows of the original not yet seen. */
  device: text('device').notNull(),
  inode: text('inode').notNull(),
  /**
   * Birth time of the inode; 0 if the filesystem has none. It distinguishes a reused inode number from a renamed file.
   */
  birthTime: integer('birth_time').notNull(),
  metadataState: text('metadata_state').$type<MetadataState>().notNull(),
  /** Milliseconds since 1970 before which the file is left alone, because it may still be growing. */
  metadataDueMs: integer('metadata_due_ms').notNull(),
  metadataError: text('metadata_error'),
  /** The name's bytes if they are not those of `name`, otherwise null; see `entry-name.ts`. */
  rawName: blob('raw_name', { mode: 'buffer' }),
  /** The change with which it came to its path: it was created, renamed or moved, or a folder above it was. */
  movedChangeId: integer('moved_change_id').notNull(),
  /** What the id was in lives before this one: inode numbers are used again. */
  formerKinds: integer('former_kinds').notNull().default(0).$type<Kinds>(),
})

/** Kinds of nodes: 0 none, 1 file, 2 directory, 3 both. */
export type Kinds = 0 | 1 | 2 | 3

/** One row a node: its latest change. AUTOINCREMENT, so that no cursor is given out twice. */
export const changes = sqliteTable('changes', {
  changeId: integer('change_id').primaryKey({ autoIncrement: true }),
  nodeId: text('node_id').notNull(),
  isRemoved: integer('is_removed', { mode: 'boolean' }).notNull(),
  /** The id's very first change. A client whose cursor is older never received the node. */
  firstChangeId: integer('first_change_id').notNull(),
  /** For a tombstone: what the id has been so far. 0 for a live node. */
  formerKinds: integer('former_kinds').notNull().default(0).$type<Kinds>(),
})

/** Where removed nodes were last. Rows are kept for a while, see the indexer's `store/change-log.ts`. */
export const removals = sqliteTable('removals', {
  /** The removal's row in `changes`. */
  changeId: integer('change_id').primaryKey(),
  /** The path as the indexer saw it; null if the node was below no watched folder any more. */
  path: text('path'),
  name: text('name').notNull(),
  /** Milliseconds since 1970. */
  removedMs: integer('removed_ms').notNull(),
})

/**
 * What PostgreSQL calls timelines: the first change after each start of the indexer begins a run. A copy of the
 * database that is put in its place goes on with runs of its own, so a cursor's run shows whether it belongs to this
 * very history.
 */
export const runs = sqliteTable('runs', {
  /** The run's first change. Earlier changes belong to earlier runs. */
  firstChangeId: integer('first_change_id').primaryKey(),
  /** Random, 16 hex digits. */
  runId: text('run_id').notNull().unique(),
})

export type RootState = 'starting' | 'scanning' | 'watching' | 'offline'

/** The watched folders: their paths, from which the api builds others, and their states. */
export const watchRoots = sqliteTable('watch_roots', {
  /** Key in the config's `watches`, and the name of the root's node. */
  name: text('name').primaryKey(),
  nodeId: text('node_id').notNull(),
  /** The absolute path with symbolic links resolved, as the indexer sees it. */
  path: text('path').notNull(),
  state: text('state').$type<RootState>().notNull(),
  /** Since when it is in this state, milliseconds since 1970. */
  stateSinceMs: integer('state_since_ms').notNull(),
  /** Why it is offline or not fully watched, and what to do; null when all is well. */
  message: text('message'),
  /** Folders that have no watch because a kernel limit was reached. They are listed again and again. */
  unwatchedFolders: integer('unwatched_folders').notNull(),
  /** The path as it is written in the config, with its links; empty in a row of version 2 that was not seen yet. */
  configuredPath: text('configured_path').notNull(),
  /** Whether it was ever scanned to its end. */
  wasScanned: integer('was_scanned', { mode: 'boolean' }).notNull().default(false),
})

/**
 * Filesystems, by the device number they had when first seen. `st_dev` changes across reboots on btrfs, ZFS, LVM and
 * NFS, and node ids are made of it, so ids use the first-seen one.
 */
export const devices = sqliteTable('devices', {
  /** What node ids are made of: the first-seen `st_dev`, with a suffix if another filesystem already had it. */
  device: text('device').primaryKey(),
  /** `st_dev` when last seen, decimal. */
  currentNumber: text('current_number').notNull(),
  /** `f_fsid` of statfs(2) in hex; empty if the filesystem has none. */
  filesystemId: text('filesystem_id').notNull(),
  filesystemType: text('filesystem_type').notNull(),
  /** Source and root of its line in /proc/self/mountinfo. */
  mountSource: text('mount_source').notNull(),
  mountRoot: text('mount_root').notNull(),
  /** Whether its inode numbers stay the same when it is unmounted and mounted again. */
  numbersLast: integer('numbers_last', { mode: 'boolean' }).notNull().default(true),
  /** The mount under which all its inode numbers in `nodes` were last seen; empty if that is not known. */
  mountedAs: text('mounted_as').notNull().default(''),
})

/** The indexer's one status row; `id` is always 1. */
export const status = sqliteTable('status', {
  id: integer('id').primaryKey(),
  state: text('state').$type<'starting' | 'scanning' | 'watching' | 'stopped'>().notNull(),
  version: text('version').notNull(),
  startedMs: integer('started_ms').notNull(),
  /** When this row was last written, milliseconds since 1970. It stands still when the indexer is gone. */
  heartbeatMs: integer('heartbeat_ms').notNull(),
  /** Folders listed, and known but not yet listed, in the scan under way. */
  foldersListed: integer('folders_listed').notNull(),
  foldersWaiting: integer('folders_waiting').notNull(),
  filesWaiting: integer('files_waiting').notNull(),
  filesFailed: integer('files_failed').notNull(),
  /** Age of the oldest hint that is not settled yet. */
  lagMs: integer('lag_ms').notNull(),
  overflows: integer('overflows').notNull(),
  rescans: integer('rescans').notNull(),
  /** Hash jobs finished since start. */
  filesHashed: integer('files_hashed').notNull(),
  /** Folders in the tree, each of which needs a watch, and those that have none. */
  foldersKnown: integer('folders_known').notNull().default(0),
  foldersUnwatched: integer('folders_unwatched').notNull().default(0),
  /** What the kernel allows this user: fs.inotify.max_user_watches and max_user_instances. */
  watchesAllowed: integer('watches_allowed').notNull().default(0),
  instancesAllowed: integer('instances_allowed').notNull().default(0),
  /** How fast folders are listed and files are read at the moment. */
  foldersPerSecond: real('folders_per_second').notNull().default(0),
  filesPerSecond: real('files_per_second').notNull().default(0),
  /** Places and files that have been tried in vain for over a minute. */
  placesFailing: integer('places_failing').notNull().default(0),
  /** Whether every watched root was ever scanned to its end. */
  isInitialScanComplete: integer('initial_scan_complete', { mode: 'boolean' }).notNull().default(false),
})

/** The identity of this feed; `id` is always 1. See also `runs`. */
export const feed = sqliteTable('feed', {
  id: integer('id').primaryKey(),
  /** UUID made with the database: cursors mean something only within it. */
  epoch: text('epoch').notNull(),
  /**
   * Counts the writes to sizes and times of nodes that are no change for clients, as after a `chmod`. While it stays, the
   * nodes of the log's rows are what they were.
   */
  silentWrites: integer('silent_writes').notNull().default(0),
})

/** How much is in each root. A root without files has no row. */
export const rootTotals = sqliteTable('root_totals', {
  /** The root's node. */
  nodeId: text('node_id').primaryKey(),
  files: integer('files').notNull(),
  /** Decimal text: sparse files may have more bytes together than a 64-bit number holds. */
  bytes: text('bytes').notNull(),
})

/** The problems that the indexer knows. Written anew whenever they change. */
export const problems = sqliteTable('problems', {
  /** The order in which they are reported. */
  id: integer('id').primaryKey(),
  code: text('code').$type<ProblemCode>().notNull(),
  /** Name of the root that it is about; null if it is about none or all. */
  root: text('root'),
  /** What is wrong and where, for people. */
  text: text('text').notNull(),
  /** What to do. */
  fix: text('fix').notNull(),
  /** Milliseconds since 1970. */
  sinceMs: integer('since_ms').notNull(),
})

/**
 * The versions with which files were read, see the indexer's `ReaderVersions`; `id` is always 1. Without a row nothing
 * was read.
 */
export const readers = sqliteTable('readers', {
  id: integer('id').primaryKey(),
  /** All four are empty if nobody knows. */
  libmagic: text('libmagic').notNull(),
  magicDatabase: text('magic_database').notNull(),
  mediaInfo: text('mediainfo').notNull(),
  rules: text('rules').notNull(),
  /** The rowid of `nodes` up to which files are marked to be asked for again; null once all are. */
  markedTo: integer('marked_to'),
  /** Whether media that have a size are marked too, as it may be wrong. */
  marksAllMedia: integer('marks_all_media', { mode: 'boolean' }).notNull(),
})

export type NodeRow = typeof nodes.$inferSelect
export type ChangeRow = typeof changes.$inferSelect
export type WatchRootRow = typeof watchRoots.$inferSelect
export type DeviceRow = typeof devices.$inferSelect
export type RootTotalsRow = typeof rootTotals.$inferSelect
export type ProblemRow = typeof problems.$inferSelect
export type ReadersRow = typeof readers.$inferSelect
export type StatusRow = typeof status.$inferSelect

/** The node above all watch roots. It has no row in `changes`. */
export const SUPER_ROOT_ID = '00000000-0000-0000-0000-000000000000'
