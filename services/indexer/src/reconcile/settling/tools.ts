/** What settling the answers to a job needs. */
import type { Clock } from '../../model/clock.ts'
import type { Folder } from '../../model/folder-tree.ts'
import type { NewFiles } from '../../model/new-files.ts'
import type { Observation } from '../../model/observation.ts'
import type { NodeQueries } from '../../store/node-queries.ts'
import type { Ends } from '../deciding/plan.ts'
import type { RawObservation } from '../looking/sight-reader.ts'
import type { Pending } from '../pending/pending.ts'
import type { Coverage } from '../roots/coverage.ts'
import type { Layout } from '../roots/layout.ts'
import type { Roots } from '../roots/roots.ts'
import type { FolderAnswers } from './folder-answers.ts'
import type { NewFilesDue } from './metadata-due.ts'
import type { WaitsForScan } from './settle.ts'

export type SettlingTools = {
  readonly pending: Pending
  readonly layout: Layout
  readonly known: NodeQueries
  readonly clock: Clock
  readonly coverage: Coverage
  readonly folderAnswers: FolderAnswers
  /** See `sight-reader.ts`. */
  readonly readSights: (raws: readonly RawObservation[]) => Promise<readonly Observation[]>
  /** See `settle.ts`. */
  readonly settle: (
    observations: readonly Observation[],
    ends: Ends,
    waitsForScan: WaitsForScan,
  ) => Promise<readonly Observation[]>
  readonly newFiles: NewFilesTools
  /** Takes a folder and all below it out of the tree, with their watches. */
  readonly dropFolder: (folder: Folder) => void
}

/** `due`: when those that a listing of the folder finds are to be read. `add`: adds some in one transaction. */
export type NewFilesTools = {
  readonly due: (folder: Folder) => NewFilesDue
  readonly add: (files: readonly NewFiles[]) => void
}

/**
 * During the first scan of a root, a missing row waits for the end of the scan: what moved may be where nobody has looked
 * yet. A file whose place is taken does not wait, since programs save files that way. At most its hash is lost.
 */
export function whileDiscovering({ isDiscovering }: Pick<Roots, 'isDiscovering'>): WaitsForScan {
  return (row, blocks) => isDiscovering() && (row.isDirectory || !blocks)
}
