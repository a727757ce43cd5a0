/** What operations work on, chosen by a number. */
import { foldingKey } from '@drive-feed/shared/folding-key.ts'
import { below, choose, next } from './choice.ts'
import { disk } from './disk.ts'
import type { Here, World } from './world.ts'

const LONG_NAME = `${'long '.repeat(50)}name`
// biome-ignore format: what is plain, what is odd, and what is no UTF-8 or left out
export const NAMES: readonly string[] = [
  'a', 'b', 'c', 'd', 'e', 'A', 'B', 'f.txt', 'g.jpg',
  'ü', 'u\u0308', '📷', ' ', '-', '*', 'a\nb', '\'"`$(x)', '\\', LONG_NAME,
  'x\udcff', 'x\udcfe', '\ufffd', 'Thumbs.db', 'x.__tmp__', '@eaDir',
]
/** Where there is nothing to choose from: no operation succeeds on it or beside it. */
export const NOTHING = '/nowhere/nothing'

let contents = 0

/** Never the same twice. */
export function bytes({ filesystem }: World, at: number, size = below(at, 10) === 0 ? 0 : below(at, 5000)): Buffer {
  contents += 1
  // Two writes of one size within a second are one to whoever was not there.
  if (filesystem?.tellsWritesApart === false && size > 0) size += contents % 1_000
  return Buffer.alloc(size, `${contents} `)
}

export function folderOf(at: number, { folders }: Here): string {
  return choose(next(at, 1), folders) ?? ''
}

/**
 * Where names fold, what is there is called as it is spelled: what is written into a folder by another spelling of its name
 * is told to nobody by FUSE, which takes the two for two folders.
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

/** A file or folder, but no top. */
export function anyOf(at: number, { watched, outside }: World, { files, folders }: Here): string {
  const tops = new Set([...watched, outside])
  return choose(next(at, 4), [...files, ...folders.filter((folder) => !tops.has(folder))]) ?? NOTHING
}
