/** Looks at the places of rows that something seen elsewhere may be about. */
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'
import type { LookRequest } from '../scan/look.ts'
import type { Sight } from '../scan/sight.ts'
import { sightAt } from '../scan/sights.ts'
import type { Known } from '../store/known.ts'
import { type Folder, pathOf } from '../watch/tree.ts'
import { hasOneName, type Vacancy } from './decide.ts'
import type { Devices } from './devices.ts'
import { isPresent, isSameBirth, isSameThing, type Seen } from './seen.ts'
import type { SettleTools } from './settle.ts'

export type VacancyTools = Pick<SettleTools, 'tree' | 'look' | 'devices' | 'known' | 'rootVacancy'>

/** Looks whether rows are still at their own places. */
export async function lookAtRows(tools: VacancyTools, rows: readonly Known[]): Promise<Map<string, Vacancy>> {
  const vacancies = new Map<string, Vacancy>()
  const byParent = Map.groupBy(rows, (row) => row.parentId)
  const requests: { request: LookRequest; rows: Known[] }[] = []
  for (const [parentId, siblings] of byParent) {
    const address = parentId === SUPER_ROOT_ID ? null : addressOf(tools, parentId)
    for (const row of siblings) {
      if (parentId === SUPER_ROOT_ID) vacancies.set(row.nodeId, tools.rootVacancy(row))
      // Not found in the database's own tree: nothing is known that could contradict.
      else if (address === null) vacancies.set(row.nodeId, 'vacant')
    }
    if (address === null) continue
    requests.push({ rows: siblings, request: { ...address, names: siblings.map((row) => row.name), inotifyFd: null } })
  }
  if (requests.length === 0) return vacancies
  const { answers, sights } = await tools.look(requests.map(({ request }) => request))
  for (const [at, answer] of answers.entries()) {
    const siblings = requests[at]?.rows ?? []
    for (const [offset, row] of siblings.entries()) {
      if (answer.kind === 'seen') {
        const sight = sightAt(sights, answer.from + offset)
        const isUnreadable = sight.kind === 'unreadable' && !row.isDirectory
        vacancies.set(row.nodeId, isThingOf(tools, sight, row) ? 'holds' : isUnreadable ? 'unreadable' : 'vacant')
      } else if (answer.kind === 'later') vacancies.set(row.nodeId, 'unknown')
      else if (answer.kind === 'elsewhere') {
        // Its folder is on the way; a folder can't be at two places, a hard link can.
        vacancies.set(row.nodeId, row.isDirectory ? 'vacant' : 'unknown')
      } else vacancies.set(row.nodeId, row.isDirectory ? 'vacant' : 'unreadable')
    }
  }
  return vacancies
}

/**
 * Files with one name that are at two places, as it seems: seen at one, and then a row's place still held them. Gives
 * those that are not where they were seen any more when that is looked at once more, after the row's place. The others
 * have two names indeed: a file may be mounted at another one, and not every filesystem counts links.
 *
 * @param holding rows whose places hold them
 */
export async function findPassing(
  tools: VacancyTools,
  seens: readonly Seen[],
  holding: readonly Known[],
): Promise<ReadonlySet<Seen>> {
  if (holding.length === 0) return new Set()
  const held = new Set(holding.map(inodeKey))
  const doubtful = seens.filter(({ sight, known }) => {
    if (!isPresent(sight) || !hasOneName(sight) || !held.has(inodeKey(sight.facts))) return false
    return known === undefined || !isSameThing(known, sight)
  })
  // A folder that is not known yet is listed when it is.
  const passing = new Set(doubtful)
  const places = Array.from(Map.groupBy(doubtful, ({ parentId }) => parentId)).flatMap(([parentId, siblings]) => {
    const address = addressOf(tools, parentId)
    if (address === null) return []
    return [{ siblings, request: { ...address, names: siblings.map(({ name }) => name), inotifyFd: null } }]
  })
  if (places.length === 0) return passing
  const { answers, sights } = await tools.look(places.map(({ request }) => request))
  for (const [at, answer] of answers.entries()) {
    if (answer.kind !== 'seen') continue
    for (const [offset, seen] of (places[at]?.siblings ?? []).entries()) {
      const { sight } = seen
      if (isPresent(sight) && isInode(tools, sightAt(sights, answer.from + offset), sight.facts)) passing.delete(seen)
    }
  }
  return passing
}

function inodeKey({ device, inode }: { readonly device: string; readonly inode: string }): string {
  return `${device}:${inode}`
}

function isThingOf(tools: VacancyTools, sight: Sight, row: Known): boolean {
  if (!isInode(tools, sight, row)) return false
  if (row.isDirectory) return sight.kind === 'folder'
  return sight.kind === 'file' && isSameBirth(row, sight)
}

/** The inode alone says little: the top of every ext4 is inode 2. */
function isInode(
  { devices }: VacancyTools,
  sight: Sight,
  { device, inode }: { readonly device: string; readonly inode: string },
): boolean {
  return 'inode' in sight && sight.inode === inode && devices.nameOf(sight.deviceNumber) === device
}

/** Path and identity of a folder, of the tree where it is there, otherwise as the database has it. */
function addressOf(tools: VacancyTools, nodeId: string): Pick<LookRequest, 'path' | 'expected'> | null {
  const folder = tools.tree.get(nodeId)
  if (folder !== undefined) return folderAddress(tools.devices, folder)
  const row = tools.known.byId(nodeId)
  const path = tools.known.pathOf(nodeId)
  if (row === undefined || path === null) return null
  return { path, expected: { deviceNumber: tools.devices.numberOf(row.device), inode: row.inode } }
}

export function folderAddress(devices: Devices, folder: Folder): Pick<LookRequest, 'path' | 'expected'> {
  const { device, inode } = folder
  return { path: pathOf(folder), expected: { deviceNumber: devices.numberOf(device), inode } }
}
