/** Sizes and numbers of files of folders, with all that is below them. */
import type { FeedDatabase } from '@drive-feed/shared/open-database.ts'
import { countFolder } from '@drive-feed/shared/root-totals.ts'
import { watchRoots } from '@drive-feed/shared/schema.ts'
import { shownPath } from '@drive-feed/shared/shown-path.ts'
import { CommandError, type Given } from '../command.ts'
import { EXIT_DONE, EXIT_UNUSABLE } from '../exit-codes.ts'
import { findFolder, type Place } from './find-folder.ts'
import { withFeed } from './open-feed.ts'
import { shownBytes } from './sizes.ts'

type FolderSize = {
  readonly path: string
  /** 0 for the folder that was asked for. */
  readonly depth: number
  readonly parent: FolderSize | null
  files: number
  /** Folders below it. */
  folders: number
  bytes: bigint
}

const number = new Intl.NumberFormat('en')

export async function showSizes({ operands: [typed], options }: Given): Promise<number> {
  const depthMax = depthOf(String(options.depth))
  const sizes = await withFeed(String(options.config), (db) => {
    // One transaction: a folder that moves meanwhile would be counted twice or not at all.
    const read = db.sqlite.transaction(() => placesOf(db, typed).flatMap((place) => sizesFrom(db, place, depthMax)))
    return read().sort(largestFirst)
  })
  for (const line of options.json === true ? jsonLines(sizes) : lines(sizes)) process.stdout.write(`${line}\n`)
  return EXIT_DONE
}

function depthOf(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text)
  throw new CommandError('--depth needs a number of levels, as in --depth=2; see drive-feed du --help', EXIT_UNUSABLE)
}

function placesOf(db: FeedDatabase, typed: string | undefined): Place[] {
  return typed === undefined ? db.orm.select().from(watchRoots).all() : [findFolder(db, typed)]
}

/** The sizes of a folder and of those below it, down to a depth. */
function sizesFrom({ sqlite }: FeedDatabase, place: Place, depthMax: number): FolderSize[] {
  const childrenOf = sqlite
    .prepare<[string], [string, string]>('SELECT node_id, name FROM nodes WHERE parent_id = ? AND is_directory')
    .raw()
  const count = countFolder(sqlite)
  const sizes = [sizeAt(place.path, null)]
  // A stack and not recursion: folders may be nested deeper than calls. `size` is that of the nearest folder listed.
  const left = sizes.map((size) => ({ nodeId: place.nodeId, size }))
  for (let folder = left.pop(); folder !== undefined; folder = left.pop()) {
    const { nodeId, size } = folder
    const { files, bytes } = count(nodeId)
    size.files += files
    size.bytes += bytes
    for (const [childId, name] of childrenOf.all(nodeId)) {
      size.folders += 1
      const child = size.depth < depthMax ? sizeAt(`${size.path === '/' ? '' : size.path}/${name}`, size) : size
      if (child !== size) sizes.push(child)
      left.push({ nodeId: childId, size: child })
    }
  }
  // Parents stand before their children, so sums arrive from below.
  for (const { parent, files, folders, bytes } of sizes.toReversed()) {
    if (parent === null) continue
    parent.files += files
    parent.folders += folders
    parent.bytes += bytes
  }
  return sizes
}

function sizeAt(path: string, parent: FolderSize | null): FolderSize {
  return { path, parent, depth: parent === null ? 0 : parent.depth + 1, files: 0, folders: 0, bytes: 0n }
}

function largestFirst(one: FolderSize, other: FolderSize): number {
  if (one.bytes !== other.bytes) return one.bytes > other.bytes ? -1 : 1
  return one.depth - other.depth || (one.path < other.path ? -1 : 1)
}

function jsonLines(sizes: readonly FolderSize[]): string[] {
  return sizes.map(({ path, files, folders, bytes }) => JSON.stringify({ path, files, folders, bytes: Number(bytes) }))
}

function lines(sizes: readonly FolderSize[]): string[] {
  const shown = sizes.map(({ files, bytes }) => [shownBytes(bytes), `${number.format(files)} files`])
  const widths = [0, 1].map((at) => shown.reduce((width, cells) => Math.max(width, cells[at]?.length ?? 0), 0))
  return sizes.map(({ path }, at) => {
    const cells = (shown[at] ?? []).map((cell, column) => cell.padStart(widths[column] ?? 0))
    return [...cells, shownPath(path)].join('  ')
  })
}
