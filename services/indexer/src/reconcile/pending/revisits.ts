/**
 * Files that may be open under a name without a watch, so that the kernel reports no writes here: a writer used O_TMPFILE
 * and linkat(2), or link(2) and then unlink(2) of the first name. Such a file is looked at again after growing pauses. It
 * is read again only if its size or ctime changed.
 */

import type { Folder } from '../../model/folder-tree.ts'
import type { FileSight } from '../../model/sight.ts'

export type Revisits = {
  /** A file appeared, and no event said that its writer closed it. */
  readonly put: (folder: Folder, name: string, sight: FileSight, nowMs: number) => void
  /** Notes the present place of the file, if the file is awaited. */
  readonly relocate: (folder: Folder, name: string, sight: FileSight) => void
  /** Takes a look into account. True if the file is as it was; a file that changed is looked at again sooner. */
  readonly isUnchanged: (sight: FileSight, nowMs: number) => boolean
  /** Takes the places that are due. */
  readonly take: (nowMs: number) => { readonly folder: Folder; readonly name: string }[]
  /** When the next place is due, ms since 1970; null if there is none. */
  readonly nextMs: () => number | null
}

const PAUSE_FIRST_MS = 1_000
/** The pauses double from a second, so the last look comes about an hour after the first. */
const LOOKS_MAX = 12
/** Files that are awaited. Beyond, the oldest is left to the next scan. */
const FILES_MAX = 10_000

type Awaited = { folder: Folder; name: string; size: number; ctime: number; looks: number; dueMs: number }

export function createRevisits(): Revisits {
  const files = new Map<string, Awaited>()
  /** Not later than the due time of any. */
  let earliestMs = Number.POSITIVE_INFINITY
  const schedule = (awaited: Awaited, nowMs: number) => {
    awaited.dueMs = nowMs + PAUSE_FIRST_MS * 2 ** awaited.looks
    earliestMs = Math.min(earliestMs, awaited.dueMs)
  }
  return {
    put: (folder, name, sight, nowMs) => {
      // The entry of this number may be about another file, and a new entry is the youngest.
      files.delete(keyOf(sight))
      const { size, ctime } = sight
      const awaited = { folder, name, size, ctime, looks: 0, dueMs: 0 }
      schedule(awaited, nowMs)
      files.set(keyOf(sight), awaited)
      const [first] = files.keys()
      if (files.size > FILES_MAX && first !== undefined) files.delete(first)
    },
    relocate: (folder, name, sight) => {
      const awaited = files.size === 0 ? undefined : files.get(keyOf(sight))
      if (awaited !== undefined) Object.assign(awaited, { folder, name })
    },
    isUnchanged: (sight, nowMs) => {
      const awaited = files.get(keyOf(sight))
      if (awaited === undefined) return false
      const isSame = awaited.size === sight.size && awaited.ctime === sight.ctime
      if (!isSame) {
        const { size, ctime } = sight
        Object.assign(awaited, { size, ctime, looks: 0 })
        schedule(awaited, nowMs)
      }
      return isSame
    },
    take: (nowMs) => {
      if (earliestMs > nowMs) return []
      earliestMs = Number.POSITIVE_INFINITY
      const due: Awaited[] = []
      for (const [key, awaited] of files) {
        if (awaited.dueMs <= nowMs) {
          awaited.looks += 1
          due.push(awaited)
          if (awaited.looks >= LOOKS_MAX || !awaited.folder.attached) {
            files.delete(key)
            continue
          }
          schedule(awaited, nowMs)
        }
        earliestMs = Math.min(earliestMs, awaited.dueMs)
      }
      return due.filter(({ folder }) => folder.attached)
    },
    nextMs: () => (files.size === 0 || earliestMs === Number.POSITIVE_INFINITY ? null : earliestMs),
  }
}

function keyOf({ deviceNumber, inode }: FileSight): string {
  return `${deviceNumber}:${inode}`
}
