/** The folders that a history works on, and what it keeps in mind of them. */
import { closeSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { disk } from './disk.ts'

export type World = {
  /** Holds all the others. */
  readonly base: string
  /** Folders that are watched now. */
  watched: readonly string[]
  readonly outside: string
  /** What things are called. */
  readonly names: readonly string[]
  /** Whether a name is left out now. */
  isExcluded: (name: string) => boolean
  /** Files held open for writing, by descriptor. */
  readonly open: Map<number, string>
  /** Whether files may be left open: where their close is lost with the indexer, they are read half a minute later. */
  mayLeaveOpen: boolean
  /** Whether every file's bytes and every id stay as they are for now. */
  isCalm: boolean
  /** Inodes that have, or had, more than one name. */
  readonly linked: Set<number>
}

/** What is there now, folders before what is in them. Full paths. */
export type Here = { readonly files: string[]; readonly folders: string[]; readonly others: string[] }

/** Never touched: a root found empty at a start is taken for one that is away. */
export const KEPT_NAME = 'kept'

export function createWorld(base: string, watched: readonly string[], names: readonly string[]): World {
  const outside = join(base, 'outside')
  mkdirSync(outside)
  for (const folder of watched) writeFileSync(join(folder, KEPT_NAME), 'kept')
  return {
    base,
    watched,
    outside,
    names,
    isExcluded: () => false,
    open: new Map(),
    mayLeaveOpen: true,
    isCalm: false,
    linked: new Set(),
  }
}

/** In calm times without what lies outside the watched folders and what is excluded. */
export function lookAround({ watched, outside, isExcluded, isCalm }: World): Here {
  const here: Here = { files: [], folders: [], others: [] }
  const visit = (folder: string) => {
    here.folders.push(folder)
    for (const { name, kind } of disk.list(folder)) {
      const path = `${folder}/${name}`
      if (isCalm && isExcluded(name)) continue
      if (kind === 'folder') visit(path)
      else if (kind === 'other') here.others.push(path)
      else if (name !== KEPT_NAME) here.files.push(path)
    }
  }
  for (const top of isCalm ? watched : [...watched, outside]) visit(top)
  return here
}

/** A path for people. */
export function shown({ base }: World, path: string): string {
  return JSON.stringify(path.startsWith(`${base}/`) ? path.slice(base.length + 1) : path)
}

export function closeAll({ open }: World): void {
  for (const fd of open.keys()) closeSync(fd)
  open.clear()
}

/** Keeps in mind which inodes have several names. */
export function noteLinks(world: World): void {
  for (const path of lookAround(world).files) {
    const { ino, nlink } = disk.stat(path)
    if (nlink > 1) world.linked.add(ino)
  }
}
