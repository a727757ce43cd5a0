/** Chooses by a number what operations work on. */
import { foldingKey } from '@drive-feed/shared/folding-key.ts'
import { below, choose, next } from './choice.ts'
import { disk } from './disk.ts'
import type { Here, World } from './world.ts'

const LONG_NAME = `${'long '.repeat(50)}name`
// biome-ignore format: plain names, odd names, and names that are no UTF-8 or excluded
export const NAMES: readonly string[] = [
  'a', 'b', 'c', 'd', 'e', 'A', 'B', 'f.txt', 'g.jpg',
  'ü', 'u\u0308', '📷', ' ', '-', '*', 'a\nb', '\'"`$(x)', '\\', LONG_NAME,
  'x\udcff', 'x\udcfe', '\ufffd', 'Thumbs.db', 'x.__tmp__', '@eaDir',
]
/** The choice if there is nothing to choose from: no operation succeeds on it or beside it. */
export const NOTHING = '/nowhere/nothing'

let contents = 0

/** Bytes that are never the same twice. */
export function bytes({ filesystem }: World, at: number, size = below(at, 10) === 0 ? 0 : below(at, 5000)): Buffer {
  contents += 1
  // With coarse times two writes of one size within a second would look like one.
  if (filesystem?.tellsWritesApart === false && size > 0) size += contents % 1_000
  return Buffer.alloc(size, `${contents} `)
}

export function folderOf(at: number, { folders }: Here): string {
  return choose(next(at, 1), folders) ?? ''
}

/**
 * A path for a new or existing name. If names fold, an existing name is taken as it is spelled: FUSE takes two
 * spellings of a folder for two folders, and reports no writes through the other one.
 */
export function placeIn(at: number, world: World, here: Here): string {
  const [folder, name = ''] = [folderOf(at, here), choose(next(at, 2), world.names)]
  if (world.filesystem?.foldsCase !== true || !disk.exists(folder)) return `${folder}/${name}`
  const spelled = disk.list(folder).find((entry) => foldingKey(entry.name) === foldingKey(name))
  return `${folder}/${spelled?.name ?? name}`
}

export function fileOf(at: number, { files }: Here): string {
  return choose(next(at, 3), files) ?? NOTHING
}

/** A file or folder, but not a top. */
export function anyOf(at: number, { watched, outside }: World, { files, folders }: Here): string {
  const tops = new Set([...watched, outside])
  return choose(next(at, 4), [...files, ...folders.filter((folder) => !tops.has(folder))]) ?? NOTHING
}
