/**
 * A search below folders that wait for their place. A folder stands where a row's thing is gone from, so the folder waits
 * for the row, and the row's thing may be in the folder: `mv photos x; mkdir photos; mv x photos/old` is the plainest case.
 * Nothing lists a folder before it is placed. Without the search the row would be removed, the folder placed, and everything
 * in it read again as if it were new.
 */

import { pathOf } from '../../model/folder-tree.ts'
import {
  isSameThing,
  type Observation,
  type Place,
  type PresentSight,
  placedSight,
  placeKey,
} from '../../model/observation.ts'
import { nameAt, type PackedSights, sightAt } from '../../model/sights.ts'
import type { LookRequest } from '../../scan/look.ts'
import { identifyFolder } from '../deciding/identity.ts'
import { isIdTaken } from '../devices/taken-id.ts'
import { isAway } from '../roots/whereabouts.ts'
import type { SettleTools } from '../settling/settle.ts'

export type SearchTools = Pick<SettleTools, 'layout' | 'known' | 'look'>

/** Something on disk in a folder that no tree has. `above` is that folder; null for a place in a folder of the tree. */
type Unplaced = Place & {
  readonly sight: PresentSight
  readonly path: string
  /** The id that the folder's node will have. Empty for a file, which has nothing below it. */
  readonly nodeId: string
  readonly above: Unplaced | null
}

/** Folders listed with one look. */
const FOLDERS_MAX = 64

/** The folders that were seen at places where they are not known. Each waits for a row, or is new. */
export function unplacedFolders(tools: SearchTools, observations: readonly Observation[]): Unplaced[] {
  return observations.flatMap(({ parentId, name, sight, known }): Unplaced[] => {
    const parent = tools.layout.tree.get(parentId)
    if (parent === undefined || sight.kind !== 'folder') return []
    if (known !== undefined && isSameThing(known, sight)) return []
    return [unplaced(tools, { parentId, name, sight, path: `${pathOf(parent)}/${name}`, above: null })]
  })
}

/**
 * Finds everything below the folders that is known from elsewhere, with the folders on the way, from the top. Null if the
 * search could not look everywhere: the system is out of file descriptors or memory, or the mounts changed.
 */
export async function searchBelow(tools: SearchTools, tops: readonly Unplaced[]): Promise<Observation[] | null> {
  const found = new Map<string, Observation>()
  const queue = [...tops]
  while (queue.length > 0) {
    const listed = await listFolders(tools, queue.splice(0, FOLDERS_MAX))
    if (listed === null) return null
    for (const folder of listed.again) queue.push(folder)
    const withNames = tools.known.inodesWithNames(listed.entries.map(({ sight }) => sight.facts.inode))
    for (const entry of listed.entries) {
      if (entry.sight.kind === 'folder') queue.push(entry)
      if (!withNames.has(entry.sight.facts.inode) || !isFromElsewhere(tools, entry)) continue
      for (const observation of wayTo(tools, entry)) found.set(placeKey(observation), observation)
    }
  }
  return [...found.values()]
}

/** Lists folders; `again` are those that the look put off. Null if the search can't go on. */
async function listFolders(
  tools: SearchTools,
  folders: readonly Unplaced[],
): Promise<{ readonly entries: readonly Unplaced[]; readonly again: readonly Unplaced[] } | null> {
  const { answers, sights } = await tools.look(folders.map((folder) => requestOf(tools, folder)))
  // The look puts off everything if something was mounted. Mounts are confirmed between two jobs, and this is in one.
  if (answers.every(({ kind }) => kind === 'later')) return null
  const [entries, again]: [Unplaced[], Unplaced[]] = [[], []]
  for (const [at, folder] of folders.entries()) {
    const answer = answers[at]
    // One by one: a folder may have more entries than a call takes arguments.
    if (answer?.kind === 'seen') for (const entry of entriesOf(tools, folder, sights, answer)) entries.push(entry)
    else if (answer?.kind === 'later' && answer.problem !== null) return null
    else if (answer?.kind === 'later') again.push(folder)
  }
  return { entries, again }
}

function unplaced(tools: SearchTools, what: Omit<Unplaced, 'nodeId'>): Unplaced {
  const { sight } = what
  if (sight.kind === 'file') return { ...what, nodeId: '' }
  const rows = tools.known.byInode(sight.facts.device, sight.facts.inode).filter(tools.layout.trust.tells)
  const { own, newId } = identifyFolder(sight, what, {
    rows,
    isAway: (row) => isAway(tools, row),
    isIdTaken: (device, id) => isIdTaken(tools, device, id),
  })
  return { ...what, nodeId: own?.nodeId ?? newId() }
}

function requestOf({ layout: { devices } }: SearchTools, { path, sight }: Unplaced): LookRequest {
  const { device, inode } = sight.facts
  return { path, expected: { deviceNumber: devices.numberOf(device), inode }, names: null, inotifyFd: null }
}

function entriesOf(
  tools: SearchTools,
  above: Unplaced,
  sights: PackedSights,
  { from, to }: { readonly from: number; readonly to: number },
): Unplaced[] {
  const entries: Unplaced[] = []
  for (let index = from; index < to; index += 1) {
    const raw = sightAt(sights, index)
    if (raw.kind !== 'file' && raw.kind !== 'folder') continue
    const device = tools.layout.devices.nameOf(raw.deviceNumber)
    // The folder's own listing meets what is mounted in it, once the folder is placed.
    if (device !== above.sight.facts.device) continue
    const sight = placedSight(raw, () => device) as PresentSight
    const name = nameAt(sights, index)
    entries.push(unplaced(tools, { parentId: above.nodeId, name, sight, path: `${above.path}/${name}`, above }))
  }
  return entries
}

/** Whether the thing has rows, and none of them is at the place where it was found. */
function isFromElsewhere({ known, layout }: SearchTools, { parentId, name, sight }: Unplaced): boolean {
  const { device, inode } = sight.facts
  const rows = known.byInode(device, inode).filter((row) => layout.trust.tells(row) && isSameThing(row, sight))
  return rows.length > 0 && !rows.some((row) => row.parentId === parentId && row.name === name)
}

function wayTo({ known }: SearchTools, entry: Unplaced): Observation[] {
  const way: Observation[] = []
  for (let at = entry; at.above !== null; at = at.above) {
    const { parentId, name, sight } = at
    way.unshift({ parentId, name, sight, known: known.childAt(parentId, name), cause: 'scan' })
  }
  return way
}
