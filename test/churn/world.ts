/** The folders that a history works on, and what it keeps in mind of them. */
import { closeSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Mapping } from '../support/writer-calls.ts'
import { disk } from './disk.ts'
import type { Filesystem } from './filesystems.ts'
import { createLeases, type Leases } from './leases.ts'

/** A file that is mapped into memory, and a descriptor of it for reading: beyond its end a write would kill the process. */
export type Mapped = { readonly path: string; readonly fd: number; readonly mapping: Mapping }

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
  /** Inodes that have, or had, more than one name: an id made of the place may stay with them. */
  readonly linked: Set<number>
  /** Those of them that may have been written through a name that nobody watches and that is gone. */
  readonly stirred: Set<number>
  readonly mapped: Map<number, Mapped>
  readonly leases: Leases
  /** Whether mounts are this process' own, and may be made. */
  readonly mayMount: boolean
  /** Whether anything was: what is seen at two places may get the id of a second name. */
  hasBound: boolean
  /** Null for what the temporary folder is on, which is taken for one that can do everything. */
  readonly filesystem: Filesystem | null
}

export type WorldOptions = {
  /** Holds all the others. */
  readonly base: string
  readonly watched: readonly string[]
  readonly outside: string
  readonly names: readonly string[]
  readonly filesystem: Filesystem | null
  readonly mayMount: boolean
}

/** What is there now, folders before what is in them. Full paths. */
export type Here = { readonly files: string[]; readonly folders: string[]; readonly others: string[] }

/** Never touched: a root found empty at a start is taken for one that is away. */
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

/** In calm times without what lies outside the watched folders and what is excluded. */
export function lookAround({ watched, outside, isExcluded, isCalm }: World): Here {
  const here: Here = { files: [], folders: [], others: [] }
  const tops = new Set([...watched, outside])
  const visit = (folder: string) => {
    here.folders.push(folder)
    for (const { name, kind } of disk.list(folder)) {
      const path = `${folder}/${name}`
      // One may lie in the other, where it is excluded.
      if (tops.has(path) || (isCalm && isExcluded(name))) continue
      // Not for anybody to touch: FUSE removes it under whatever name it has then.
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

/** Descriptors and mappings. */
export function closeAll({ open, mapped }: World): void {
  for (const fd of open.keys()) closeSync(fd)
  open.clear()
  for (const one of mapped.keys()) unmap(mapped, one)
}

/** With the last of its mappings the file is closed. */
export function unmap(mapped: World['mapped'], number: number): void {
  const one = mapped.get(number)
  if (one === undefined) return
  mapped.delete(number)
  one.mapping.end()
  closeSync(one.fd)
}

/** Keeps in mind which inodes have several names. */
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
