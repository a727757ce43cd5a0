/** What deciding knows, what it works on, and the plan that it gives. */
import type { Awaiting, Decision, Facts } from '../../model/decision.ts'
import type { Known } from '../../model/known-node.ts'
import type { Place, PresentSight, Seen } from '../../model/seen.ts'

/**
 * - `holds`: its place still holds it. - `vacant`: it is somewhere else, or nowhere. - `unreadable`: its place can't be
 * read, so that it stays there as far as is known. - `unknown`: can't be told now.
 */
export type Vacancy = 'holds' | 'vacant' | 'unreadable' | 'unknown'

export type Knowledge = {
  /** All names of an inode. */
  readonly rowsOf: (facts: Facts) => readonly Known[]
  /** What is known of a row's own place, where that place is not among those just seen. */
  readonly vacancyOf: (row: Known) => Vacancy
  /** Rows whose time in limbo is over. */
  readonly mayRemove: ReadonlySet<string>
  /** Those of them that have waited so long that they go even if they were found where they can't be placed. */
  readonly mustRemove: ReadonlySet<string>
  /** The folder that a known folder is in now: null above a root, undefined for one that is not known. */
  readonly parentOf: (folderId: string) => string | null | undefined
  /** Whether the row's root is not there, or may be found to be empty, so that nothing it holds may be removed (I7). */
  readonly isAway: (row: Known) => boolean
  /** Whether inode numbers on the device outlast a mount, and the kernel's memory of a file. */
  readonly numbersLast: (device: string) => boolean
  /** Whether what has a row's number at another place has its bytes too, as far as can be told without reading. */
  readonly carriesHash: (row: Known) => boolean
  /** Whether an id is a node's that may have another inode number by now. */
  readonly isIdTaken: (device: string, nodeId: string) => boolean
  /** Whether anything known is in the folder. */
  readonly hasChildren: (folderId: string) => boolean
  readonly awaiting: (seen: Seen, facts: Facts) => Awaiting
}

export type Plan = {
  readonly decisions: Decision[]
  /**
   * Rows that are not where they were. `blocks`: something else already is, or, at the place `heir`, something that gets
   * the row's id, its inode number being used again.
   */
  readonly toLimbo: { readonly row: Known; readonly blocks: boolean; readonly heir: Place | null }[]
  /** Rows that were found, whether they were in limbo or not. */
  readonly found: string[]
  /** Places to look at again soon: they could not be settled. */
  readonly again: Seen[]
  /** Places to look at now, because of what was found elsewhere; `linked` ones hold other names of a changed inode. */
  readonly lookAt: { readonly place: Place; readonly cause: 'touched' | 'linked' }[]
  /** Places of folders that are listed elsewhere, which nothing tells of when they are not any more. */
  readonly twins: Place[]
  /** Folders that are others than before under the same id. */
  readonly reborn: string[]
  /** Folders that are in the listing and in the database alike. */
  readonly present: { readonly nodeId: string; readonly place: Place; readonly facts: Facts }[]
}

/**
 * Why a claim is not carried out now. - `unfree`: its place, its folder or its id is not free. - `unsure`: it can't be
 * told yet what it is. - `twin`: the same folder is listed elsewhere.
 */
export type Wait = 'unfree' | 'unsure' | 'twin'

export type Claim = {
  readonly seen: Seen
  readonly sight: PresentSight
  readonly rows: readonly Known[]
  row: Known | null
  waits: Wait | null
}

export function isGoing({ waits }: Claim): boolean {
  return waits === null
}
