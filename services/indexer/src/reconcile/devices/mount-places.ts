/**
 * Asks for looks at the places where something was mounted or unmounted, which no watch reports. A bind mount comes and
 * goes without an event, and with the device number of the folder that it covers. So two tables of mounts count: the
 * present one, and the one for which the mount fence was last confirmed, under which everything since was seen.
 *
 * A mount moves along with a folder above it that is renamed, and the table of mounts does not report that. So the table
 * is read again when folders have come to other paths, and each mount keeps the folder of the tree that it is in.
 */
import type { Folder, Tree } from '../../model/folder-tree.ts'
import { type Place, placeKey } from '../../model/observation.ts'
import type { Mountinfo } from '../../scan/mountinfo.ts'
import type { NodeQueries } from '../../store/node-queries.ts'
import type { Hints } from '../pending/hints.ts'
import { changedPoints, type MountPoints, mountPoints } from './changed-mounts.ts'
import type { Devices } from './devices.ts'

export type MountPlaces = {
  /** Compares the present mounts with those before. Call whenever they may have changed. False if they can't be read. */
  readonly refresh: () => boolean
  /** Finds the mounts that moved along with folders. Call before a look. */
  readonly follow: () => void
  /** Notes a second place of a folder that is listed elsewhere. */
  readonly noteTwin: (place: Place) => void
  /**
   * Asks for a look at the noted places, and at mount points without a folder in the tree. Call every few seconds. No
   * watch reports that a folder left the place where it is listed, or a write through a single file that is mounted.
   */
  readonly lookAtOthers: () => void
}

export type MountPlacesTools = {
  /** Null if the table can't be read now. */
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
  /** The places of each mount, by what is mounted. */
  let placesByMount: ReadonlyMap<string, readonly MountPlace[]> = new Map()
  let placings = tools.tree.placings()
  const twins = new Map<string, Place>()

  const hint = ({ folder, name }: MountPlace) => {
    const now = nowMs()
    hints.add({ folder, name, cause: 'touched' }, now, now)
  }
  const placesOf = (path: string) => tools.tops().flatMap((top) => placeIn(top, path) ?? [])
  /** Whether another filesystem may be there, with the number of the one before and a line that looks the same. */
  const isUnconfirmed = ({ folder, name }: MountPlace) => {
    const device = folder.children.get(name)?.device
    return device !== undefined && device !== folder.device && devices.nameOf(devices.numberOf(device)) !== device
  }
  /** Notes where each mount is. A mount that is at no place in the tree keeps the places it had. */
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
    // Nothing was seen before the first table.
    if (before === null) return true
    const changed = changedPoints(before, points)
    for (const path of new Set([...changed, ...points.keys()])) {
      const isChanged = changed.has(path)
      const left = isChanged ? (placesBefore.get(before.get(path) ?? '') ?? []) : []
      for (const place of [...placesOf(path), ...left.filter(({ folder }) => folder.attached)]) {
        const folder = place.folder.children.get(place.name)
        // The known folder may be there again, with other mounts inside it.
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
      // A look that finds the folder there again notes the place again.
      twins.clear()
      for (const path of points?.keys() ?? []) {
        for (const place of placesOf(path)) {
          if (place.folder.children.has(place.name)) continue
          // What can't be read is tried again by the next scan, as everywhere.
          const row = tools.known.childAt(place.folder.nodeId, place.name)
          if (row?.metadataState !== 'unreadable') hint(place)
        }
      }
    },
  }
}

/** Folder and name of a path below the top; null for the top itself, or if the folder above is not in the tree. */
function placeIn(top: Folder, path: string): MountPlace | null {
  const above = top.root.path === '/' ? '/' : `${top.root.path}/`
  if (!path.startsWith(above) || path === above) return null
  const names = path.slice(above.length).split('/')
  const name = names.pop() as string
  let folder: Folder | undefined = top
  for (const between of names) folder = folder?.children.get(between)
  return folder === undefined ? null : { folder, name }
}
