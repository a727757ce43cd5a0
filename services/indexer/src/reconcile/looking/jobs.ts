/** The three kinds of work of the reconciler's loop, and what each asks the looking thread. */

import type { Folder, Tree } from '../../model/folder-tree.ts'
import type { LookRequest } from '../../scan/look.ts'
import type { LookReply } from '../../scan/observer.ts'
import type { KnownNodes } from '../../store/node-queries.ts'
import type { Devices } from '../devices/devices.ts'
import type { Hints, TakenHint } from '../pending/hints.ts'
import { type Limbo, type LimboEntry, PATIENCE_MS } from '../pending/limbo.ts'
import type { Visit, Visits } from '../pending/visits.ts'
import type { Roots } from '../roots/roots.ts'
import type { Scans } from '../roots/scans.ts'
import { type Whereabouts, whereaboutsOf } from '../roots/whereabouts.ts'
import { folderAddress } from './presence.ts'

/** Places looked at in one job. */
const HINTS_MAX = 2000

export type HintGroup = { readonly folder: Folder; readonly hints: readonly TakenHint[] }
/** `entry` is null at a place where something waits for the id of a row that is in limbo. */
export type LimboPlace = { readonly name: string; readonly entry: LimboEntry | null }
export type LimboGroup = { readonly folder: Folder; readonly places: readonly LimboPlace[] }

/**
 * - `hints`: places that may have changed. - `visits`: folders to list. - `limbo`: rows whose time is over; `unplaced`: those
 * in folders of a root that is there, but that have not been met since the start, so that nobody knows where to look.
 */
export type Job = { readonly reply: Promise<LookReply> } & (
  | { readonly kind: 'hints'; readonly groups: readonly HintGroup[] }
  | { readonly kind: 'visits'; readonly visits: readonly Visit[] }
  | { readonly kind: 'limbo'; readonly groups: readonly LimboGroup[]; readonly unplaced: readonly LimboEntry[] }
)

export type JobTools = {
  readonly tree: Tree
  readonly devices: Devices
  readonly look: (requests: readonly LookRequest[]) => Promise<LookReply>
  readonly hints: Hints
  readonly visits: Visits
  readonly limbo: Limbo
  readonly known: Pick<KnownNodes, 'byId'>
  readonly roots: Pick<Roots, 'isOnline'>
  readonly scans: Pick<Scans, 'mayAsk'>
  readonly nowMs: () => number
}

/** Takes due hints; null if there are none. Those of a root that is away are dropped: it is scanned when it is back. */
export function takeHintJob(tools: JobTools): Job | null {
  const taken = tools.hints.take(tools.nowMs(), HINTS_MAX).filter(({ folder }) => tools.roots.isOnline(folder.root))
  if (taken.length === 0) return null
  const byFolder = Map.groupBy(taken, (hint) => hint.folder)
  const groups = Array.from(byFolder, ([folder, hints]): HintGroup => ({ folder, hints }))
  const requests = groups.map(({ folder, hints }) => placesRequest(tools, folder, hints))
  return { kind: 'hints', groups, reply: tools.look(requests) }
}

/** Takes folders to list, so many at most; null if there are none. */
export function takeVisitJob(tools: JobTools, foldersMax: number): Job | null {
  const visits = tools.visits.take(foldersMax)
  if (visits.length === 0) return null
  const requests = visits.map(({ folder }): LookRequest => {
    return {
      ...folderAddress(tools.devices, folder),
      names: null,
      inotifyFd: tools.scans.mayAsk(folder) ? folder.root.inotifyFd : null,
    }
  })
  return { kind: 'visits', visits, reply: tools.look(requests) }
}

/**
 * Looks once more at the places of rows whose time in limbo is over, and of all that something else waits for: who waits
 * for whom is only seen when they are looked at together.
 */
export function makeLimboJob(tools: JobTools, due: readonly LimboEntry[]): Job | null {
  const blocking = [...tools.limbo.entries()].filter((entry) => entry.blocks)
  const places = new Map<Folder, Map<string, LimboPlace>>()
  const add = (folder: Folder, place: LimboPlace) => {
    const names = places.get(folder) ?? new Map<string, LimboPlace>()
    places.set(folder, names)
    // The place of a row counts for more than what waits there.
    if (place.entry !== null || !names.has(place.name)) names.set(place.name, place)
  }
  const unplaced: LimboEntry[] = []
  const whereabouts = once((folderId) => whereaboutsOf(tools, folderId))
  for (const entry of new Set([...due, ...blocking])) {
    const { row, heir } = entry
    const folder = tools.tree.get(row.parentId)
    const where = whereabouts(row.parentId)
    if (where === 'online' && folder !== undefined) add(folder, { name: row.name, entry })
    else if (where === 'online') unplaced.push(entry)
    else if (where === 'away') tools.limbo.extend(row.nodeId, tools.nowMs())
    else tools.limbo.take(row.nodeId)
    const heirsFolder = heir === null ? undefined : tools.tree.get(heir.parentId)
    if (heir !== null && heirsFolder !== undefined && tools.roots.isOnline(heirsFolder.root)) {
      add(heirsFolder, { name: heir.name, entry: null })
    }
  }
  if (places.size === 0) {
    for (const entry of unplaced) putOffUnplaced(tools, entry)
    return null
  }
  const groups = Array.from(places, ([folder, names]): LimboGroup => ({ folder, places: [...names.values()] }))
  const requests = groups.map((group) => placesRequest(tools, group.folder, group.places))
  return { kind: 'limbo', groups, unplaced, reply: tools.look(requests) }
}

/** Its folder may be met soon; a listing of that tells of the row anyway. */
export function putOffUnplaced(
  { limbo, nowMs }: Pick<JobTools, 'limbo' | 'nowMs'>,
  { row, sinceMs }: LimboEntry,
): void {
  if (sinceMs + PATIENCE_MS > nowMs()) limbo.hold(row.nodeId, nowMs())
  else limbo.take(row.nodeId)
}

/** Asks for each id once. */
function once(ask: (nodeId: string) => Whereabouts): (nodeId: string) => Whereabouts {
  const answers = new Map<string, Whereabouts>()
  return (nodeId) => {
    const answer = answers.get(nodeId) ?? ask(nodeId)
    answers.set(nodeId, answer)
    return answer
  }
}

function placesRequest(tools: JobTools, folder: Folder, places: readonly { readonly name: string }[]): LookRequest {
  return { ...folderAddress(tools.devices, folder), names: places.map(({ name }) => name), inotifyFd: null }
}
