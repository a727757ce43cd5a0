/** The folders that a history works on, and what it remembers of them. */
import { closeSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Mapping } from '../support/writer-calls.ts'
import { disk } from './disk.ts'
import type { Filesystem } from './filesystems.ts'
import { createLeases, type Leases } from './leases.ts'

/**
 * A file that is mapped into memory, with a descriptor to check its size: a write beyond its end would kill the
 * process.
 */
export type Mapped = { readonly path: string; readonly fd: number; readonly mapping: Mapping }

export type World = {
  /** The folder that holds all others. */
  readonly base: string
  /** Folders that are watched now. */
  watched: readonly string[]
  readonly outside: string
  /** The names to use. */
  readonly names: readonly string[]
  /** Whether a name is excluded now. */
  isExcluded: (name: string) => boolean
  /** Files that are open for writing, by descriptor. */
  readonly open: Map<number, string>
  /** Whether files may be left open: if their close is lost with the indexer, they are read half a minute later. */
  mayLeaveOpen: boolean
  /** Whether every file's bytes and every id stay as they are for now. */
  isCalm: boolean
  /** Inodes that have or had more than one name: they may keep an id made of a place. */
  readonly linked: Set<number>
  /** Those of them that may have been written through a name that is gone and was not watched. */
  readonly stirred: Set<number>
  readonly mapped: Map<number, Mapped>
  readonly leases: Leases
  /** Whether this process has mounts of its own, and may make some. */
  readonly mayMount: boolean
  /** Whether anything was mounted: what is seen at two places may get the id of a second name. */
  hasBound: boolean
  /** Null for the temporary folder's filesystem, which is taken to do everything. */
  readonly filesystem: Filesystem | null
}

export type WorldOptions = {
  /** The folder that holds all others. */
  readonly base: string
  readonly watched: readonly string[]
  readonly outside: string
  readonly names: readonly string[]
  readonly filesystem: Filesystem | null
  readonly mayMount: boolean
}

/** What is there now, as full paths, folders before what is in them. */
export type Here = { readonly files: string[]; readonly folders: string[]; readonly others: string[] }

/** A file in each root that stays: a root that is empty at a start counts as away. */
export const KEPT_NAME = 'kept'

export function createWorld(options: WorldOptions): World {
  mkdirSync(options.outside, { recursive: true })
  for (const folder of options.watched) writeFileSync(join(folder, KEPT_NAME), 'kept')
  return {
    ...options,
    isExcluded: () => false,
    open: new Map(),
    mayLeaveOpen: true,
    isCalm: false,
    linked: new Set(),
    stirred: new Set(),
    mapped: new Map(),
    leases: createLeases(),
    hasBound: false,
  }
}

/** Looks around. In calm rounds without files that are outside the watched folders or excluded. */
export function lookAround({ watched, outside, isExcluded, isCalm }: World): Here {
  const here: Here = { files: [], folders: [], others: [] }
  const tops = new Set([...watched, outside])
  const visit = (folder: string) => {
    here.folders.push(folder)
    for (const { name, kind } of disk.list(folder)) {
      const path = `${folder}/${name}`
      // One top may be inside another, under an excluded name.
      if (tops.has(path) || (isCalm && isExcluded(name))) continue
      // Not to be touched: FUSE removes this file later, under whatever name it has then.
      if (name.startsWith('.fuse_hidden')) continue
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

/** Closes all descriptors and mappings. */
export function closeAll({ open, mapped }: World): void {
  for (const fd of open.keys()) closeSync(fd)
  open.clear()
  for (const one of mapped.keys()) unmap(mapped, one)
}

/** Ends a mapping. With the last mapping of a file the kernel reports its close. */
export function unmap(mapped: World['mapped'], number: number): void {
  const one = mapped.get(number)
  if (one === undefined) return
  mapped.delete(number)
  one.mapping.end()
  closeSync(one.fd)
}

/** Remembers which inodes have several names. */
export function noteLinks(world: World): void {
  for (const path of lookAround(world).files) {
    const { ino, nlink } = disk.stat(path)
    if (nlink > 1) noteLink(world, ino)
  }
}

export function noteLink({ linked, stirred }: World, inode: number): void {
  linked.add(inode)
  stirred.add(inode)
}
