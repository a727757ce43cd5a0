/**
 * Has the places looked at where something was mounted or unmounted, which no watch tells: a bind mount comes and goes
 * without an event, and with the device number of the folder that it covers. So the mounts of before count as well as
 * those of now. They are those for which the mount fence was last confirmed: whatever was seen since was seen under them.
 *
 * A mount moves along with a folder above it that is renamed, of which the table of mounts tells nobody. So it is read
 * again when folders have come to other paths, and each mount keeps the folder of the tree that it is in.
 */

import type { Folder, Tree } from '../../model/folder-tree.ts'
import { type Place, placeKey } from '../../model/observation.ts'
import type { Mountinfo } from '../../scan/mountinfo.ts'
import type { NodeQueries } from '../../store/node-queries.ts'
import type { Hints } from '../pending/hints.ts'
import { changedPoints, type MountPoints, mountPoints } from './changed-mounts.ts'
import type { Devices } from './devices.ts'

export type MountPlaces = {
  /** Compares the mounts of now with those of before; to be called whenever they may have changed. False if they can't be read. */
  readonly refresh: () => boolean
  /** Finds the mounts again that folders have taken along; to be called before folders are looked at. */
  readonly follow: () => void
  /** Remembers a place where a folder is that is listed elsewhere. */
  readonly noteTwin: (place: Place) => void
  /**
   * Looks at those places, and at mount points that no folder of the tree stands for; to be called every few seconds. No
   * watch tells that a folder has left the place where it is listed, nor what is written through a mounted single file.
   */
  readonly lookAtOthers: () => void
}

export type MountPlacesTools = {
  /** Null when it can't be told now. */
  readonly mounts: () => Mountinfo[] | null
  /** The folders of the roots that are attached. */
  readonly tops: () => readonly Folder[]
  readonly tree: Pick<Tree, 'get' | 'placings'>
  readonly devices: Pick<Devices, 'nameOf' | 'numberOf'>
  readonly known: Pick<NodeQueries, 'childAt'>
  readonly hints: Pick<Hints, 'add'>
  readonly nowMs: () => number
}

type MountPlace = { readonly folder: Folder; readonly name: string }

export function createMountPlaces(tools: MountPlacesTools): MountPlaces {
  const { devices, hints, nowMs } = tools
  let points: MountPoints | null = null
  /** Where each was, by what is mounted there. */
  let placesByMount: ReadonlyMap<string, readonly MountPlace[]> = new Map()
  let placings = tools.tree.placings()
  const twins = new Map<string, Place>()

  const hint = ({ folder, name }: MountPlace) => {
    const now = nowMs()
    hints.add({ folder, name, cause: 'touched' }, now, now)
  }
  const placesOf = (path: string) => tools.tops().flatMap((top) => placeIn(top, path) ?? [])
  /** Another filesystem may have the number of the one that was mounted there, and a line that looks the same. */
  const isUnconfirmed = ({ folder, name }: MountPlace) => {
    const device = folder.children.get(name)?.device
    return device !== undefined && device !== folder.device && devices.nameOf(devices.numberOf(device)) !== device
  }
  /** Of those that are mounted now, those of before where they are at no place in the tree. */
  const findPlaces = (now: MountPoints) => {
    const before = placesByMount
    placesByMount = new Map(
      Array.from(now, ([path, mounted]) => {
        const places = placesOf(path)
        return [mounted, places.length > 0 ? places : (before.get(mounted) ?? [])]
      }),
    )
  }
  const refresh = (): boolean => {
    const mounts = tools.mounts()
    if (mounts === null) return false
    placings = tools.tree.placings()
    const [before, placesBefore] = [points, placesByMount]
    points = mountPoints(mounts)
    findPlaces(points)
    // Nothing was seen yet.
    if (before === null) return true
    const changed = changedPoints(before, points)
    for (const path of new Set([...changed, ...points.keys()])) {
      const isChanged = changed.has(path)
      const left = isChanged ? (placesBefore.get(before.get(path) ?? '') ?? []) : []
      for (const place of [...placesOf(path), ...left.filter(({ folder }) => folder.attached)]) {
        const folder = place.folder.children.get(place.name)
        // It may be the very folder that is known, and still something else is mounted, or not any more, inside it.
        if (isChanged && folder !== undefined) folder.needsVisit = true
        if (isChanged || isUnconfirmed(place)) hint(place)
      }
    }
    return true
  }
  return {
    refresh,
    follow: () => {
      if (points !== null && placings !== tools.tree.placings()) refresh()
    },
    noteTwin: ({ parentId, name }) => {
      twins.set(placeKey({ parentId, name }), { parentId, name })
    },
    lookAtOthers: () => {
      for (const { parentId, name } of twins.values()) {
        const folder = tools.tree.get(parentId)
        if (folder !== undefined) hint({ folder, name })
      }
      // Where it still is one, the look will tell.
      twins.clear()
      for (const path of points?.keys() ?? []) {
        for (const place of placesOf(path)) {
          if (place.folder.children.has(place.name)) continue
          // What can't be read is tried again with the next scan, as everywhere.
          const row = tools.known.childAt(place.folder.nodeId, place.name)
          if (row?.metadataState !== 'unreadable') hint(place)
        }
      }
    },
  }
}

/** Folder and name of a path below the top; null for the top itself, and where no folder is known that it would be in. */
function placeIn(top: Folder, path: string): MountPlace | null {
  const above = top.root.path === '/' ? '/' : `${top.root.path}/`
  if (!path.startsWith(above) || path === above) return null
  const names = path.slice(above.length).split('/')
  const name = names.pop() as string
  let folder: Folder | undefined = top
  for (const between of names) folder = folder?.children.get(between)
  return folder === undefined ? null : { folder, name }
}
