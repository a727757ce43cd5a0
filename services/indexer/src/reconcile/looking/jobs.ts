/** The three kinds of jobs of the loop, and what each asks the observer thread. */

import type { Clock } from '../../model/clock.ts'
import type { Folder } from '../../model/folder-tree.ts'
import type { LookRequest } from '../../scan/look.ts'
import type { LookReply } from '../../scan/observer.ts'
import type { NodeQueries } from '../../store/node-queries.ts'
import type { Devices } from '../devices/devices.ts'
import type { TakenHint } from '../pending/hints.ts'
import { isBlocking, type Limbo, type LimboEntry } from '../pending/limbo.ts'
import type { Pending } from '../pending/pending.ts'
import type { Visit } from '../pending/visits.ts'
import type { Coverage } from '../roots/coverage.ts'
import type { Layout } from '../roots/layout.ts'
import { type Whereabouts, whereaboutsOf } from '../roots/whereabouts.ts'
import { folderAddress } from './presence.ts'

/** Places looked at in one job. */
const HINTS_MAX = 2000

export type HintGroup = { readonly folder: Folder; readonly hints: readonly TakenHint[] }
/** A place to look at for a row in limbo. `entry`: the row's; null at the place where something waits for the row's id. */
export type LimboPlace = { readonly name: string; readonly entry: LimboEntry | null }
export type LimboGroup = { readonly folder: Folder; readonly places: readonly LimboPlace[] }

/**
 * - `hints`: places that may have changed. - `visits`: folders to list. - `limbo`: places of rows in limbo. `unmet` are rows
 * whose root is online and whose folder the tree has not met since the start, so that nothing says where to look.
 */
export type Job = { readonly reply: Promise<LookReply> } & (
  | { readonly kind: 'hints'; readonly groups: readonly HintGroup[] }
  | { readonly kind: 'visits'; readonly visits: readonly Visit[] }
  | { readonly kind: 'limbo'; readonly groups: readonly LimboGroup[]; readonly unmet: readonly LimboEntry[] }
)

export type JobTools = {
  readonly pending: Pending
  readonly layout: Layout
  readonly known: Pick<NodeQueries, 'byId'>
  readonly coverage: Pick<Coverage, 'mayAsk'>
  readonly look: (requests: readonly LookRequest[]) => Promise<LookReply>
  readonly clock: Pick<Clock, 'nowMs'>
}

/** Takes due hints; null if there are none. Drops those of a root that is offline: a scan follows when it is back. */
export function takeHintJob(tools: JobTools): Job | null {
  const { hints } = tools.pending
  const { roots, devices } = tools.layout
  const taken = hints.take(tools.clock.nowMs(), HINTS_MAX)
  const online = taken.filter(({ folder }) => roots.isOnline(folder.root))
  if (online.length < taken.length) hints.done(taken.filter(({ folder }) => !roots.isOnline(folder.root)))
  if (online.length === 0) return null
  const byFolder = Map.groupBy(online, (hint) => hint.folder)
  const groups = Array.from(byFolder, ([folder, ofFolder]): HintGroup => ({ folder, hints: ofFolder }))
  const requests = groups.map((group) => placesRequest(devices, group.folder, group.hints))
  return { kind: 'hints', groups, reply: tools.look(requests) }
}

/** Takes `foldersMax` folders to list at most; null if none waits. */
export function takeVisitJob(tools: JobTools, foldersMax: number): Job | null {
  const visits = tools.pending.visits.take(foldersMax)
  if (visits.length === 0) return null
  const requests = visits.map(({ folder }): LookRequest => {
    return {
      ...folderAddress(tools.layout.devices, folder),
      names: null,
      inotifyFd: tools.coverage.mayAsk(folder) ? folder.root.inotifyFd : null,
      // What the first scan of a root lists is mostly new.
      ...(tools.layout.roots.of(folder.root)?.wasScanned === false && { idsFor: folder.device }),
    }
  })
  return { kind: 'visits', visits, reply: tools.look(requests) }
}

/**
 * Makes the job that looks at the places of rows that are due, and of all rows that something waits for: only one look at all
 * of them shows what waits for what. Null if there is no place to look at.
 */
export function makeLimboJob(tools: JobTools, due: readonly LimboEntry[]): Job | null {
  const { limbo } = tools.pending
  const blocking = [...limbo.entries()].filter(isBlocking)
  const { byFolder, unmet } = sortByFolder(tools, new Set([...due, ...blocking]))
  if (byFolder.size === 0) {
    for (const { row } of unmet) deferUnmet(limbo, row.nodeId, tools.clock.nowMs())
    return null
  }
  const groups = Array.from(byFolder, ([folder, names]): LimboGroup => ({ folder, places: [...names.values()] }))
  const requests = groups.map((group) => placesRequest(tools.layout.devices, group.folder, group.places))
  return { kind: 'limbo', groups, unmet, reply: tools.look(requests) }
}

/**
 * Finds the folders to look in. A row whose root is away is deferred, and a row that was removed with a folder above it is
 * released.
 */
function sortByFolder(tools: JobTools, entries: Iterable<LimboEntry>) {
  const { limbo } = tools.pending
  const { tree, roots } = tools.layout
  const byFolder = new Map<Folder, Map<string, LimboPlace>>()
  const add = (folder: Folder, place: LimboPlace) => {
    const names = byFolder.get(folder) ?? new Map<string, LimboPlace>()
    byFolder.set(folder, names)
    // The place of a row counts for more than what waits there.
    if (place.entry !== null || !names.has(place.name)) names.set(place.name, place)
  }
  const unmet: LimboEntry[] = []
  const whereabouts = once((folderId) => whereaboutsOf(tools, folderId))
  for (const entry of entries) {
    const { row, heir } = entry
    const where = whereabouts(row.parentId)
    const folder = tree.get(row.parentId)
    if (where === 'gone') limbo.release(row.nodeId)
    else if (where === 'away') limbo.defer(row.nodeId, 'away', tools.clock.nowMs())
    else if (folder === undefined) unmet.push(entry)
    else add(folder, { name: row.name, entry })
    const heirsFolder = heir === null ? undefined : tree.get(heir.parentId)
    if (heir !== null && heirsFolder !== undefined && roots.isOnline(heirsFolder.root)) {
      add(heirsFolder, { name: heir.name, entry: null })
    }
  }
  return { byFolder, unmet }
}

/** Defers a row whose folder is not met yet, or releases the row if it has waited long enough. */
export function deferUnmet(limbo: Pick<Limbo, 'defer' | 'release'>, nodeId: string, nowMs: number): void {
  if (!limbo.defer(nodeId, 'unmet', nowMs)) limbo.release(nodeId)
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

function placesRequest(devices: Devices, folder: Folder, places: readonly { readonly name: string }[]): LookRequest {
  return { ...folderAddress(devices, folder), names: places.map(({ name }) => name), inotifyFd: null }
}
