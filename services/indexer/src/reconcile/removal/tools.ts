/** What removing rows needs: the gate that lets them be looked at, and the settling of the look. */
import type { Folder } from '../../model/folder-tree.ts'
import type { Observation } from '../../model/observation.ts'
import type { LookAnswer } from '../../scan/look.ts'
import { type RawObservation, readSights } from '../looking/sight-reader.ts'
import type { Hints } from '../pending/hints.ts'
import type { Limbo } from '../pending/limbo.ts'
import { notFound } from '../settling/folder-answer.ts'
import { type Ends, settle } from '../settling/settle.ts'
import { type SettleJobTools, whileDiscovering } from '../settling/tools.ts'
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

export type SettledTools = { readonly hints: Pick<Hints, 'hasSince'>; readonly areHintsUnderWay: () => boolean }

/** Whether every hint that was known at a time (ms since 1970) is settled. */
export function areSettled({ hints, areHintsUnderWay }: SettledTools, untilMs: number): boolean {
  return !hints.hasSince(untilMs) && !areHintsUnderWay()
}

export function removalTools(tools: SettleJobTools): RemovalTools {
  const { limbo, nowMs, drained, coverage } = tools
  return {
    limbo,
    nowMs,
    isQuiet: async () => {
      await drained()
      return areSettled(tools, nowMs())
    },
    readSights: (raws) => readSights(tools, raws),
    search: (observations) => searchBelow(tools, unplacedFolders(tools, observations)),
    settle: (observations, ends) => settle(tools, observations, ends, whileDiscovering(tools)),
    notFound: (folder, answer) => notFound(tools, folder, answer),
    unreadable: (folder, problem) => coverage.unreadable(folder, { what: 'entry', problem }),
  }
}
