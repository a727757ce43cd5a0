/**
 * A search below folders that are not placed yet: a folder stands where a row is whose thing is gone from there, so the
 * folder waits, and the row's thing may be in it. `mv photos x; mkdir photos; mv x photos/old` is the plainest case.
 * Without the search the row would be removed, the folder placed, and everything in it read again as if it were new.
 */

import { pathOf } from '../../model/folder-tree.ts'
import { isSameThing, type Place, type PresentSight, placedSight, placeKey, type Seen } from '../../model/seen.ts'
import { type PackedSights, sightAt } from '../../model/sights.ts'
import type { LookRequest } from '../../scan/look.ts'
import { identifyFolder } from '../deciding/identity.ts'
import { isIdTaken } from '../devices/taken-id.ts'
import type { RawSeen } from '../looking/sight-reader.ts'
import { isAway } from '../roots/whereabouts.ts'
import type { SettleTools } from '../settling/settle.ts'

export type SearchTools = Pick<SettleTools, 'look' | 'devices' | 'known' | 'tree' | 'roots' | 'trust'>

/** Something on disk in a folder that is in no tree; `above` is that folder, null for a place that is known. */
type Unplaced = Place & {
  readonly sight: PresentSight
  readonly path: string
  /** What its node is called once it is placed; empty for a file, which nothing is in. */
  readonly nodeId: string
  readonly above: Unplaced | null
}

/** Folders listed with one look. */
const FOLDERS_MAX = 64

/** The folders of these sights that are not where they are known: they may wait for a row that is, or be new. */
export function unplacedFolders(tools: SearchTools, raws: readonly RawSeen[], seens: readonly Seen[]): Unplaced[] {
  return seens.flatMap((seen, index): Unplaced[] => {
    const { parentId, name, sight, known } = seen
    const folder = raws[index]?.folder
    if (folder === undefined || sight.kind !== 'folder') return []
    if (known !== undefined && isSameThing(known, sight)) return []
    return [unplaced(tools, { parentId, name, sight, path: `${pathOf(folder)}/${name}`, above: null })]
  })
}

/**
 * Everything below the folders that is known from elsewhere, with the folders on the way to it, from the top. Null if
 * the system has nothing left to look with, or the mounts changed, so that nothing can be said.
 */
export async function searchBelow(tools: SearchTools, tops: readonly Unplaced[]): Promise<Seen[] | null> {
  const found = new Map<string, Seen>()
  const queue = [...tops]
  while (queue.length > 0) {
    const folders = queue.splice(0, FOLDERS_MAX)
    const { answers, sights } = await tools.look(folders.map((folder) => requestOf(tools, folder)))
    // Something was mounted meanwhile. Which filesystems are where is asked between two jobs, and this is in one.
    if (answers.every(({ kind }) => kind === 'later')) return null
    const entries: Unplaced[] = []
    for (const [at, folder] of folders.entries()) {
      const answer = answers[at]
      // One by one: there may be more in a folder than a call takes arguments.
      if (answer?.kind === 'seen') for (const entry of entriesOf(tools, folder, sights, answer)) entries.push(entry)
      else if (answer?.kind === 'later' && answer.problem !== null) return null
      else if (answer?.kind === 'later') queue.push(folder)
    }
    const withNames = tools.known.inodesWithNames(entries.map(({ sight }) => sight.facts.inode))
    for (const entry of entries) {
      if (entry.sight.kind === 'folder') queue.push(entry)
      if (!withNames.has(entry.sight.facts.inode) || !isFromElsewhere(tools, entry)) continue
      for (const seen of wayTo(tools, entry)) found.set(placeKey(seen), seen)
    }
  }
  return [...found.values()]
}

function unplaced(tools: SearchTools, what: Omit<Unplaced, 'nodeId'>): Unplaced {
  const { sight } = what
  if (sight.kind === 'file') return { ...what, nodeId: '' }
  const rows = tools.known.byInode(sight.facts.device, sight.facts.inode).filter(tools.trust.tells)
  const { own, newId } = identifyFolder(sight, what, {
    rows,
    isAway: (row) => isAway(tools, row),
    isIdTaken: (device, id) => isIdTaken(tools, device, id),
  })
  return { ...what, nodeId: own?.nodeId ?? newId() }
}

function requestOf({ devices }: SearchTools, { path, sight }: Unplaced): LookRequest {
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
    const device = tools.devices.nameOf(raw.deviceNumber)
    // What is mounted in there is met when the folder is placed and listed.
    if (device !== above.sight.facts.device) continue
    const sight = placedSight(raw, () => device) as PresentSight
    const name = sights.names[index] as string
    entries.push(unplaced(tools, { parentId: above.nodeId, name, sight, path: `${above.path}/${name}`, above }))
  }
  return entries
}

/** Whether a row of the very thing is somewhere else than where it was found. */
function isFromElsewhere({ known, trust }: SearchTools, { parentId, name, sight }: Unplaced): boolean {
  const { device, inode } = sight.facts
  const rows = known.byInode(device, inode).filter((row) => trust.tells(row) && isSameThing(row, sight))
  return rows.length > 0 && !rows.some((row) => row.parentId === parentId && row.name === name)
}

function wayTo({ known }: SearchTools, entry: Unplaced): Seen[] {
  const way: Seen[] = []
  for (let at = entry; at.above !== null; at = at.above) {
    const { parentId, name, sight } = at
    way.unshift({ parentId, name, sight, known: known.childAt(parentId, name), cause: 'scan' })
  }
  return way
}
