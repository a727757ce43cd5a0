/** Which mount points may show something else than before, from the mounts of before and of now. Pure. */
import type { Mountinfo } from '../../scan/mountinfo.ts'

/** Paths by what is mounted there. */
export type MountPoints = ReadonlyMap<string, string>

/** What is mounted at each point, all that is stacked there, in a form to be compared. */
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
 * The points where something was mounted, unmounted or moved to or away, and all points below those: what is mounted
 * inside a folder is out of sight when something is mounted on that, though its own line is still there.
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
