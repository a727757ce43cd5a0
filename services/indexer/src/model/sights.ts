/**
 * Many sights as columns, which cross from the observer thread to the main thread. To copy an object for each of a
 * million entries would take longer than the disk takes to answer.
 */

import { displayName } from '@drive-feed/shared/entry-name.ts'
import { plainNodeId } from '@drive-feed/shared/node-id.ts'
import type { EntryStats } from '../posix/statx.ts'
import { fileSight, type Sight } from './sight.ts'
import { createTextColumn, type TextColumn, textAt } from './text-column.ts'

/** Values of `kinds`. */
const GONE = 0
const UNLISTED = 1
const UNREADABLE = 2
const FILE = 3
const FOLDER = 4

/** Numbers an entry in `numbers`, and the place of each. */
const NUMBERS = 5
const SIZE = 0
const MTIME = 1
const CTIME = 2
const BIRTH_TIME = 3
const LINKS = 4

/** Structured-cloneable; the typed arrays can be transferred. */
export type PackedSights = {
  readonly names: TextColumn
  /** Indexes of names that are shown otherwise, see `entry-name.ts`. Rarely any. */
  readonly oddNames: Set<number>
  readonly kinds: Uint8Array<ArrayBuffer>
  /** size, mtime, ctime, birth time, links of each entry; times in µs. */
  readonly numbers: Float64Array<ArrayBuffer>
  /** `st_dev` and inode of each entry. */
  readonly ids: BigUint64Array<ArrayBuffer>
  /** The plain ids of files for which they were asked; empty text for other entries, and none after the last such file. */
  readonly nodeIds: TextColumn
  readonly problems: Map<number, string>
  /** By index: mtimes that `numbers` can't hold, see `microseconds.ts`. Rarely any. */
  readonly exactMtimes: Map<number, bigint>
}

export type SightsBuilder = {
  readonly length: number
  /** `device`: its stable name if the id of a file is asked for. */
  readonly pushStats: (name: string, stats: EntryStats, device?: string) => void
  readonly pushGone: (name: string) => void
  readonly pushUnlisted: (name: string) => void
  readonly pushUnreadable: (name: string, problem: string) => void
  /** Takes the last sight out again. */
  readonly dropLast: () => void
  /** Gives a copy of what is there. */
  readonly pack: () => PackedSights
  /** Begins anew, in the same memory unless that is large: what is grown again for each batch is given back late. */
  readonly clear: () => void
}

/** Entries for which memory is kept by `clear`. */
const KEPT_MAX = 65_536

export function createSightsBuilder(): SightsBuilder {
  const names = createTextColumn()
  const nodeIds = createTextColumn()
  let oddNames = new Set<number>()
  let problems = new Map<number, string>()
  let exactMtimes = new Map<number, bigint>()
  let kinds = new Uint8Array(256)
  let numbers = new Float64Array(256 * NUMBERS)
  let ids = new BigUint64Array(256 * 2)

  const push = (name: string, kind: number): number => {
    const index = names.length
    names.push(name)
    if (displayName(name) !== name) oddNames.add(index)
    if (index === kinds.length) {
      kinds = grown(kinds, new Uint8Array(kinds.length * 2))
      numbers = grown(numbers, new Float64Array(numbers.length * 2))
      ids = grown(ids, new BigUint64Array(ids.length * 2))
    }
    kinds[index] = kind
    return index
  }
  return {
    get length() {
      return names.length
    },
    pushStats: (name, stats, device) => {
      const index = push(name, stats.kind === 'file' ? FILE : stats.kind === 'folder' ? FOLDER : UNLISTED)
      const at = index * NUMBERS
      numbers[at + SIZE] = stats.size
      numbers[at + MTIME] = stats.mtime
      numbers[at + CTIME] = stats.ctime
      numbers[at + BIRTH_TIME] = stats.birthTime
      numbers[at + LINKS] = stats.links
      ids[index * 2] = stats.device
      ids[index * 2 + 1] = stats.inode
      if (stats.exactMtime !== null) exactMtimes.set(index, stats.exactMtime)
      if (device === undefined || stats.kind !== 'file') return
      while (nodeIds.length < index) nodeIds.push('')
      nodeIds.push(plainNodeId(device, String(stats.inode)))
    },
    pushGone: (name) => push(name, GONE),
    pushUnlisted: (name) => push(name, UNLISTED),
    pushUnreadable: (name, problem) => problems.set(push(name, UNREADABLE), problem),
    dropLast: () => {
      names.dropLast()
      if (nodeIds.length > names.length) nodeIds.dropLast()
      oddNames.delete(names.length)
      problems.delete(names.length)
      exactMtimes.delete(names.length)
    },
    clear: () => {
      for (const texts of [names, nodeIds]) texts.clear()
      oddNames = new Set()
      problems = new Map()
      exactMtimes = new Map()
      if (kinds.length <= KEPT_MAX) return
      kinds = new Uint8Array(256)
      numbers = new Float64Array(256 * NUMBERS)
      ids = new BigUint64Array(256 * 2)
    },
    pack: () => ({
      names: names.pack(),
      oddNames,
      kinds: kinds.slice(0, names.length),
      numbers: numbers.slice(0, names.length * NUMBERS),
      ids: ids.slice(0, names.length * 2),
      nodeIds: nodeIds.pack(),
      problems,
      exactMtimes,
    }),
  }
}

/** How many sights there are. */
export function countOf({ kinds }: PackedSights): number {
  return kinds.length
}

/** The columns' memory, which need not be copied to another thread. */
export function buffersOf({ names, nodeIds, kinds, numbers, ids }: PackedSights): ArrayBuffer[] {
  return [names.bytes, names.ends, nodeIds.bytes, nodeIds.ends, kinds, numbers, ids].map(({ buffer }) => buffer)
}

/**
 * Gives the columns' memory back; nothing can be read from them any more. Otherwise that of a whole scan may wait for a
 * collection of garbage, since such memory hardly counts as such.
 */
export function release(sights: PackedSights): void {
  for (const buffer of buffersOf(sights)) buffer.transfer(0)
}

/** The name at an index of the columns. */
export function nameAt({ names }: PackedSights, index: number): string {
  return textAt(names, index)
}

/** The sight at an index of the columns. */
export function sightAt(sights: PackedSights, index: number): Sight {
  const kind = sights.kinds[index]
  if (kind === GONE) return { kind: 'gone' }
  if (kind === UNLISTED) return { kind: 'unlisted' }
  if (kind === UNREADABLE) return { kind: 'unreadable', problem: sights.problems.get(index) ?? '' }
  const at = index * NUMBERS
  const identity = {
    deviceNumber: String(sights.ids[index * 2]),
    inode: String(sights.ids[index * 2 + 1]),
    birthTime: sights.numbers[at + BIRTH_TIME] as number,
    mtime: sights.numbers[at + MTIME] as number,
    ctime: sights.numbers[at + CTIME] as number,
  }
  if (kind === FOLDER) return { kind: 'folder', ...identity }
  const size = sights.numbers[at + SIZE] as number
  const links = sights.numbers[at + LINKS] as number
  return fileSight(identity, { size, links, exactMtime: sights.exactMtimes.get(index) ?? null })
}

/** Whether the entry is the known file, unchanged. Makes no object of it. */
export function isSameFile(
  sights: PackedSights,
  index: number,
  known: { readonly inode: string; readonly size: number; readonly mtime: number; readonly birthTime: number },
): boolean {
  const at = index * NUMBERS
  return (
    sights.kinds[index] === FILE &&
    sights.numbers[at + SIZE] === known.size &&
    sights.numbers[at + MTIME] === known.mtime &&
    sights.numbers[at + BIRTH_TIME] === known.birthTime &&
    String(sights.ids[index * 2 + 1]) === known.inode
  )
}

/** The same for a folder, whose size and times do not count. */
export function isSameFolder(
  sights: PackedSights,
  index: number,
  known: { readonly inode: string; readonly birthTime: number },
): boolean {
  return (
    sights.kinds[index] === FOLDER &&
    sights.numbers[index * NUMBERS + BIRTH_TIME] === known.birthTime &&
    String(sights.ids[index * 2 + 1]) === known.inode
  )
}

/**
 * Whether the entry is a file with one name, on its folder's device (`st_dev`), that was changed last before a time (ms since
 * 1970). Makes no object of it.
 */
export function isPlainFile(
  { kinds, oddNames, numbers, ids, exactMtimes }: PackedSights,
  index: number,
  deviceNumber: bigint,
  changedBeforeMs: number,
): boolean {
  const at = index * NUMBERS
  return (
    kinds[index] === FILE &&
    numbers[at + LINKS] === 1 &&
    (numbers[at + CTIME] as number) < changedBeforeMs * 1000 &&
    ids[index * 2] === deviceNumber &&
    !exactMtimes.has(index) &&
    !oddNames.has(index)
  )
}

/** What the row of a plain file has from its sight; see `Facts`. */
export type PlainFacts = {
  readonly nodeId: string
  readonly name: string
  readonly inode: string
  readonly birthTime: number
  readonly size: number
  readonly mtime: number
  readonly ctime: number
}

/** `device`: its stable name. */
export function plainFileAt({ names, numbers, ids, nodeIds }: PackedSights, index: number, device: string): PlainFacts {
  const at = index * NUMBERS
  const inode = String(ids[index * 2 + 1])
  return {
    nodeId: textAt(nodeIds, index) || plainNodeId(device, inode),
    name: textAt(names, index),
    inode,
    size: numbers[at + SIZE] as number,
    mtime: numbers[at + MTIME] as number,
    ctime: numbers[at + CTIME] as number,
    birthTime: numbers[at + BIRTH_TIME] as number,
  }
}

function grown<T extends Uint8Array | Float64Array | BigUint64Array>(from: T, to: T): T {
  // The cast is safe: callers pass two arrays of one type.
  ;(to as Uint8Array).set(from as Uint8Array)
  return to
}
