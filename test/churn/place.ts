/** Where a history takes place: which folders are watched, on which filesystem. */
import { join } from 'node:path'
import type { Cleaner } from '../support/cleaner.ts'
import { enterOwnMounts } from '../support/own-mounts.ts'
import type { Filesystem } from './filesystems.ts'
import { type MountedDisk, mountDisk } from './mounted-disk.ts'

/** `folders`: two watched folders and one outside, side by side. `top`: the filesystem's top is the watched folder. */
export type Layout = 'folders' | 'top'

/** Null for the filesystem of the temporary folder, where the layout is `folders`. */
export type PlaceOptions = { readonly filesystem: Filesystem | null; readonly layout: Layout }

export type HistoryPlace = {
  readonly filesystem: Filesystem | null
  /** Null if it can't be mounted again. */
  readonly disk: MountedDisk | null
  /** Whether the history may mount something. */
  readonly mayMount: boolean
  /** The watched folders by their keys; null for `one` and `two` in the pair's own folder. */
  readonly roots: Readonly<Record<string, string>> | null
  readonly outside: string | null
}

/** A name that is always excluded, so that the folder may be inside a watched one. */
const OUTSIDE_NAME = 'outside.__tmp__'

export async function preparePlace(t: Cleaner, { filesystem, layout }: PlaceOptions): Promise<HistoryPlace> {
  const mayMount = enterOwnMounts() === false
  if (filesystem === null) return { filesystem, disk: null, mayMount, roots: null, outside: null }
  const disk = await mountDisk(t, filesystem)
  const { top } = disk
  const roots = layout === 'top' ? { one: top } : { one: join(top, 'one'), two: join(top, 'two') }
  return { filesystem, disk, mayMount, roots, outside: join(top, layout === 'top' ? OUTSIDE_NAME : 'outside') }
}
