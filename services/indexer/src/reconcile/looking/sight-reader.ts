/** Turns raw sights into observations: device numbers become stable names, and each place gets its row. */
import type { Logger } from '@drive-feed/shared/logger.ts'
import type { Decision } from '../../model/decision.ts'
import { type Folder, pathOf } from '../../model/folder-tree.ts'
import type { KnownNode } from '../../model/known-node.ts'
import { type Cause, isPresent, type Observation, placedSight } from '../../model/observation.ts'
import type { FileSight, FolderSight, Sight } from '../../model/sight.ts'
import type { Observer } from '../../scan/observer.ts'
import type { NodeQueries } from '../../store/node-queries.ts'
import type { Devices } from '../devices/devices.ts'
import { takeSample } from '../devices/sample-nodes.ts'
import type { Pending } from '../pending/pending.ts'
import type { DisksAway } from '../roots/disks-away.ts'
import type { Layout } from '../roots/layout.ts'

/** A sight and its place. The row is read unless `known` is given. */
export type RawObservation = {
  readonly folder: Folder
  readonly name: string
  readonly sight: Sight
  readonly cause: Cause
  readonly known?: KnownNode | undefined
}

export type SightReaderTools = {
  readonly layout: Pick<Layout, 'devices' | 'trust'>
  readonly known: NodeQueries
  readonly apply: (decisions: readonly Decision[]) => void
  readonly pending: Pick<Pending, 'hint'>
  /** Looks past the mount fence, to recognise a filesystem. */
  readonly observer: Pick<Observer, 'look'>
  readonly log: Logger
  readonly disksAway: Pick<DisksAway, 'isKept' | 'isBack'>
}

/** Resolves unknown device numbers, which takes time. All rows are read after that, at one moment. */
export async function readSights(tools: SightReaderTools, raws: readonly RawObservation[]): Promise<Observation[]> {
  for (const raw of raws) {
    const { sight } = raw
    if ('deviceNumber' in sight && isToBeResolved(tools, raw, sight)) await resolve(tools, raw, sight)
  }
  const observations = raws.map((raw) => observe(tools, raw))
  const renumbered = observations.map((observation) => renumber(observation, tools.layout))
  const decisions = renumbered.flatMap(({ known }, at): Decision[] => {
    if (known === undefined || known === observations[at]?.known) return []
    return [{ kind: 'renumber', nodeId: known.nodeId, inode: known.inode, birthTime: known.birthTime }]
  })
  if (decisions.length > 0) tools.apply(decisions)
  return renumbered
}

/**
 * Gives a row its inode number of the present mount. If numbers are passing, what is at the row's place after a mount is
 * the row's. A file of another size or time was written since.
 */
function renumber(observation: Observation, { devices, trust }: SightReaderTools['layout']): Observation {
  const { known, sight } = observation
  if (known === undefined || !isPresent(sight) || known.device !== sight.facts.device) return observation
  if (devices.numberKind(known.device) !== 'passing' || trust.isCurrent(known)) return observation
  const { inode, birthTime } = sight.facts
  if (known.isDirectory !== (sight.kind === 'folder')) return observation
  if (known.inode === inode && known.birthTime === birthTime) return observation
  // Only a listing shows that nothing happened at the place. An event may be about another file under the same name.
  const isSure = observation.cause === 'scan' && (known.birthTime === 0 || known.birthTime === birthTime)
  return { ...observation, cause: isSure ? observation.cause : 'written', known: { ...known, inode, birthTime } }
}

/** Whether the number is new, or begins at this place: another filesystem or subvolume may have it by now. */
function isToBeResolved(
  { layout: { devices } }: SightReaderTools,
  { folder }: RawObservation,
  sight: FileSight | FolderSight,
): boolean {
  if (devices.nameOf(sight.deviceNumber) === undefined) return true
  return sight.kind === 'folder' && sight.deviceNumber !== devices.numberOf(folder.device)
}

async function resolve(tools: SightReaderTools, raw: RawObservation, sight: FileSight | FolderSight): Promise<void> {
  const { devices } = tools.layout
  const path = `${pathOf(raw.folder)}/${raw.name}`
  const row = tools.known.childAt(raw.folder.nodeId, raw.name)
  const sample = () => takeSample(tools.known, tools.observer, { path, top: sight, row })
  const before = devices.nameOf(sight.deviceNumber)
  const device = await devices.resolve(sight.deviceNumber, path, sample)
  if (device !== null && device !== before)
    tools.log.info({ path, device }, 'another filesystem is mounted inside a root')
}

function observe(tools: SightReaderTools, raw: RawObservation): Observation {
  const { devices } = tools.layout
  const { folder, name, cause } = raw
  const parentId = folder.nodeId
  const known = 'known' in raw ? raw.known : tools.known.childAt(parentId, name)
  const { sight } = raw
  const isUnresolved = 'deviceNumber' in sight && devices.nameOf(sight.deviceNumber) === undefined
  if (isUnresolved) {
    tools.pending.hint({ parentId, name }, cause, 'again')
    return { parentId, name, cause, known, sight: { kind: 'unreadable' } }
  }
  const placed = placedSight(sight, (number) => devices.nameOf(number) ?? '')
  const isAway = known !== undefined && isUnmounted(devices, known, placed, folder)
  if (!isAway) tools.disksAway.isBack({ parentId, name })
  else if (sight.kind === 'folder' && tools.disksAway.isKept(known, raw, sight)) {
    return { parentId, name, cause, known, sight: { kind: 'unreadable' } }
  }
  return { parentId, name, cause, known, sight: placed }
}

/** Filesystems whose content is gone once they are unmounted. */
const IN_MEMORY: readonly string[] = ['tmpfs', 'ramfs', 'hugetlbfs']

/**
 * Whether a known folder was the top of a filesystem that is away, which is no deletion (I7): the folder that was below
 * the mount is seen instead. False for a filesystem in memory, and for that of a folder above: the latter is still there,
 * and only a part of it was mounted here.
 */
function isUnmounted(devices: Devices, known: KnownNode, sight: Observation['sight'], parent: Folder): boolean {
  if (sight.kind !== 'folder' || !known.isDirectory || known.device === '') return false
  if (known.device === parent.device || sight.facts.device !== parent.device) return false
  for (let above = parent.parent; above !== null; above = above.parent) if (above.device === known.device) return false
  return !IN_MEMORY.includes(devices.typeOf(known.device)) && !devices.isSubvolumeOf(known.device, parent.device)
}
