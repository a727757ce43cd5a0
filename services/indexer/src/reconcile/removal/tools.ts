/** What removing rows needs: the gate that lets them be looked at, and the settling of the look. */
import type { Folder } from '../../model/folder-tree.ts'
import type { Observation } from '../../model/observation.ts'
import type { LookAnswer } from '../../scan/look.ts'
import type { Observer } from '../../scan/observer.ts'
import type { Ends } from '../deciding/plan.ts'
import type { RawObservation } from '../looking/sight-reader.ts'
import type { Limbo } from '../pending/limbo.ts'
import { type SettlingTools, whileDiscovering } from '../settling/tools.ts'
import { searchBelow, unplacedFolders } from './search.ts'

export type RemovalTools = {
  readonly limbo: Pick<Limbo, 'get' | 'defer' | 'release'>
  readonly nowMs: () => number
  /** Takes in every event up to now, then says whether all hints up to now are settled. */
  readonly isQuiet: () => Promise<boolean>
  readonly readSights: (raws: readonly RawObservation[]) => Promise<readonly Observation[]>
  /** Finds things that are known from elsewhere below the folders that wait for a place. Null if it could not look. */
  readonly search: (observations: readonly Observation[]) => Promise<readonly Observation[] | null>
  /** Settles what was seen, and removes the rows whose end is confirmed. */
  readonly settle: (observations: readonly Observation[], ends: Ends) => Promise<unknown>
  /** Reports a folder that was not found or can't be read. */
  readonly notFound: (folder: Folder, answer: Extract<LookAnswer, { kind: 'elsewhere' | 'unreadable' }>) => void
  /** Reports a place in the folder that can't be read. */
  readonly unreadable: (folder: Folder, problem: string) => void
}

/** What asks the disk and the kernel. */
type Asking = {
  readonly look: Observer['look']
  /** Resolves when every event queued by now has been taken in. */
  readonly drained: () => Promise<void>
}

export function removalTools(tools: SettlingTools, { look, drained }: Asking): RemovalTools {
  const { pending, layout, known, coverage, folderAnswers } = tools
  const { nowMs } = tools.clock
  const searching = { layout, known, look }
  const waitsForScan = whileDiscovering(layout.roots)
  return {
    limbo: pending.limbo,
    nowMs,
    isQuiet: async () => {
      await drained()
      return pending.hints.areSettled(nowMs())
    },
    readSights: tools.readSights,
    search: (observations) => searchBelow(searching, unplacedFolders(searching, observations)),
    settle: (observations, ends) => tools.settle(observations, ends, waitsForScan),
    notFound: folderAnswers.notFound,
    unreadable: (folder, problem) => coverage.unreadable(folder, { what: 'entry', problem }),
  }
}
