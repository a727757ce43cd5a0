/** Compares, when a disk in memory is quiet, the disk with the rows, the tree of folders, and the watches. */
import assert from 'node:assert/strict'
import { plainNodeId } from '@drive-feed/shared/node-id.ts'
import type { FeedDatabase } from '@drive-feed/shared/open-database.ts'
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'
import { brokenTableRules } from '../../services/indexer/src/audit/table-rules.ts'
import { pathOf } from '../../services/indexer/src/model/folder-tree.ts'
import type { Inode, ModelDisk } from '../support/model-disk.ts'
import { DEVICE } from '../support/rows.ts'
import type { Kernel } from './kernel.ts'
import type { Program, Watch } from './program.ts'

export type Compared = {
  readonly db: FeedDatabase
  readonly disk: ModelDisk
  readonly kernel: Kernel
  readonly program: Program
  /** Names of the tops that are watched. */
  readonly watches: readonly Watch[]
}

export function assertEqual(compared: Compared): void {
  const { db, program } = compared
  assert.deepEqual(linesOfRows(db), linesOfDisk(compared), 'I1: the nodes equal the disk')
  assert.deepEqual([...brokenTableRules(db.sqlite)], [], 'the tables hold together')
  assert.deepEqual(program.unfinished(), [], 'nothing is left to do')
  assert.deepEqual(linesOfTree(program), foldersOf(compared), 'the tree equals the disk')
  assert.deepEqual(watchProblems(compared), [], 'every folder is watched, if the kernel allows it, and nothing else')
}

/** Asserts that an inode that never had a second name has its own id. */
export function assertOwnIds({ db, disk }: Pick<Compared, 'db' | 'disk'>, linked: ReadonlySet<Inode>): void {
  const rows = db.sqlite.prepare<[], { inode: string; node_id: string }>('SELECT inode, node_id FROM nodes').all()
  const ids = new Map(rows.map(({ inode, node_id }) => [inode, node_id]))
  for (const { inode, path } of disk.names()) {
    const number = String(inode.number)
    const id = ids.get(number)
    if (id !== undefined && !linked.has(inode)) assert.equal(id, plainNodeId(DEVICE, number), `the id of ${path}`)
  }
}

/** The latest change of each inode, its path, and the folders above it. */
type Told = ReadonlyMap<Inode, { readonly changeId: number; readonly path: string; readonly above: readonly Inode[] }>

export function toldBefore({ db, disk }: Pick<Compared, 'db' | 'disk'>): Told {
  const rows = db.sqlite.prepare<[], { inode: string; change_id: number }>('SELECT inode, change_id FROM nodes').all()
  const changeIds = new Map(rows.map(({ inode, change_id }) => [inode, change_id]))
  const above = new Map<Inode, readonly Inode[]>([[disk.top, []]])
  const told = new Map<Inode, { changeId: number; path: string; above: readonly Inode[] }>()
  for (const { folder, inode, path } of disk.names()) {
    const way = [...(above.get(folder) ?? []), folder]
    above.set(inode, way)
    const changeId = changeIds.get(String(inode.number))
    if (changeId !== undefined) told.set(inode, { changeId, path, above: way })
  }
  return told
}

/** I12: asserts that an inode has no new change if nothing happened to it or to a folder above it. */
export function assertSilence(
  compared: Pick<Compared, 'db' | 'disk'>,
  before: Told,
  { linked, touched }: { readonly linked: ReadonlySet<Inode>; readonly touched: ReadonlySet<Inode> },
): void {
  for (const [inode, { changeId, path }] of toldBefore(compared)) {
    const was = before.get(inode)
    if (was === undefined || linked.has(inode) || [inode, ...was.above].some((one) => touched.has(one))) continue
    assert.equal(changeId, was.changeId, `I12: ${path} has a change though nothing happened to it`)
  }
}

function linesOfDisk({ disk, watches }: Compared): string[] {
  return Array.from(disk.names(), ({ path, inode }) => {
    const { number, birthTime, mtime, size, entries } = inode
    return entries === null ? `${path} ${number} ${birthTime} ${mtime} ${size}` : `${path}/ ${number} ${birthTime}`
  })
    .filter((path) => isBelow(path, watches))
    .toSorted()
}

/** Whether a path is below one of these tops. */
export function isBelow(path: string, tops: readonly Pick<Watch, 'path'>[]): boolean {
  return tops.some(({ path: top }) => path.startsWith(`${top}/`))
}

type Row = {
  path: string
  inode: string
  birth_time: number
  mtime: number
  size: number
  is_directory: number
}

function linesOfRows({ sqlite }: FeedDatabase): string[] {
  const rows = sqlite.prepare<[], Row>(`
    WITH RECURSIVE below(node_id, path) AS (
      SELECT node_id, path FROM watch_roots
      UNION ALL
      SELECT nodes.node_id, below.path || '/' || nodes.name FROM nodes JOIN below ON nodes.parent_id = below.node_id
    )
    SELECT coalesce(path, 'nowhere/' || name) AS path, inode, birth_time, mtime, size, is_directory
    FROM nodes LEFT JOIN below USING (node_id)
    WHERE node_id <> '${SUPER_ROOT_ID}'`)
  return Array.from(rows.all(), ({ path, inode, birth_time, mtime, size, is_directory }) =>
    is_directory === 1 ? `${path}/ ${inode} ${birth_time}` : `${path} ${inode} ${birth_time} ${mtime} ${size}`,
  ).toSorted()
}

function linesOfTree({ folders }: Program): string[] {
  return Array.from(folders(), (folder) => `${pathOf(folder)}/ ${folder.inode}`).toSorted()
}

function foldersOf({ disk, watches }: Compared): string[] {
  const lines = Array.from(disk.names(), ({ path, inode }) =>
    inode.entries === null ? '' : `${path}/ ${inode.number}`,
  )
  return lines.filter((path) => isBelow(path, watches)).toSorted()
}

/** Where the program's watches differ from the kernel's. */
function watchProblems({ program, disk, kernel }: Compared): string[] {
  const problems: string[] = []
  for (const root of program.roots()) {
    const { key, byWatch, gaps } = root
    const watches = kernel.watchesOf(root.inotifyFd ?? -1)
    for (const [watch, inode] of watches) {
      const folder = byWatch.get(watch)
      if (folder === undefined) problems.push(`${key}: watch ${watch} of inode ${inode.number} is nobody's`)
      else if (disk.resolve(pathOf(folder).split('/').slice(1)) !== inode)
        problems.push(`${key}: ${watch} is another's`)
    }
    for (const folder of program.folders()) {
      if (folder.root !== root || (folder.watch !== null && watches.has(folder.watch))) continue
      // It is known to have no watch, and so is listed; and the kernel has no watch to spare.
      if (folder.watch === null && gaps.unwatched.has(folder) && kernel.isFull()) continue
      problems.push(`${key}: ${pathOf(folder)} is not watched`)
    }
  }
  return problems
}
