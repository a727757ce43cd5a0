/** Compares two tables of mounts: which mount points may show something else now. Pure. */
import type { Mountinfo } from '../../scan/mountinfo.ts'

/** What is mounted at each path. */
export type MountPoints = ReadonlyMap<string, string>

/** Describes what is mounted at each point, with all that is stacked there, as a text to compare. */
export function mountPoints(mounts: readonly Mountinfo[]): MountPoints {
  const points = new Map<string, string>()
  for (const { id, parentId, device, root, point, type, source } of mounts) {
    const mounted = [id, parentId, device, root, type, source].join(' ')
    const below = points.get(point)
    points.set(point, below === undefined ? mounted : `${below}\n${mounted}`)
  }
  return points
}

/**
 * The points where a mount came, went or moved, and all points below those. A mount on a folder hides the mounts inside
 * the folder, whose own lines stay in the table.
 */
export function changedPoints(before: MountPoints, now: MountPoints): ReadonlySet<string> {
  const all = new Set([...before.keys(), ...now.keys()])
  const changed = new Set<string>()
  for (const point of all) if (before.get(point) !== now.get(point)) changed.add(point)
  if (changed.size === 0) return changed
  return new Set([...all].filter((point) => isAtOrBelow(point, changed)))
}

function isAtOrBelow(point: string, folders: ReadonlySet<string>): boolean {
  for (let at = point; at !== ''; at = at.slice(0, at.lastIndexOf('/'))) if (folders.has(at)) return true
  return folders.has('/')
}
