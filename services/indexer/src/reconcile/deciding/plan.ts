/** What deciding knows, what it works on, and the plan that it returns. Plain data. */
import type { Decision, Facts, MetadataDue } from '../../model/decision.ts'
import type { KnownNode } from '../../model/known-node.ts'
import type { Observation, Place, PresentSight } from '../../model/observation.ts'

/**
 * Whether a row's own place still holds what the row is about. - `present`: it does. - `absent`: the thing is somewhere
 * else, or nowhere. - `unreadable`: the place can't be read, so the thing counts as still there. - `unknown`: a later look
 * tells.
 */
export type Presence = 'present' | 'absent' | 'unreadable' | 'unknown'

/** Ids of rows whose time in limbo is over. */
export type Ends = {
  /** They are removed unless they were found. */
  readonly mayRemove: ReadonlySet<string>
  /** Some of `mayRemove`: they have waited so long that they go even if they were found at a place that is not free. */
  readonly mustRemove: ReadonlySet<string>
}

/** Answers to all that `decide` asks. It asks synchronously, and the answers must not change before the plan is written. */
export type Knowledge = {
  /** All rows of an inode: one for each of its names. */
  readonly rowsOf: (facts: Facts) => readonly KnownNode[]
  /** Asked only for rows whose place is not among the places just seen. */
  readonly presenceOf: (row: KnownNode) => Presence
  readonly ends: Ends
  /** The id of the folder that a known folder is in now: null above a root, undefined if the folder is not known. */
  readonly parentOf: (folderId: string) => string | null | undefined
  /** Whether the row's root is away, or may turn out to be: then nothing in it may be removed (I7). */
  readonly isAway: (row: KnownNode) => boolean
  /** Whether inode numbers on the device outlast a mount and the kernel's memory of a file. */
  readonly numbersLast: (device: string) => boolean
  /** Whether a file with the row's inode number has the row's bytes too, as far as is known without reading. */
  readonly carriesHash: (row: KnownNode) => boolean
  /** Whether a node has the id that may have another inode number by now. */
  readonly isIdTaken: (device: string, nodeId: string) => boolean
  /** Whether any row is in the folder. */
  readonly hasChildren: (folderId: string) => boolean
  /** When the file's metadata are to be read. */
  readonly awaiting: (observation: Observation, facts: Facts) => MetadataDue
}

/** What to write, and what follows from it. Nothing of it is done yet. */
export type Plan = {
  /** In the order in which they are carried out, all in one transaction. */
  readonly decisions: Decision[]
  /**
   * Rows that are not where they were. `blocks`: something waits for the row to leave, at the row's own place or at `heir`.
   * What is at `heir` has the row's inode number and gets its id.
   */
  readonly toLimbo: { readonly row: KnownNode; readonly blocks: boolean; readonly heir: Place | null }[]
  /** Ids of rows that were found, in limbo or not. */
  readonly found: string[]
  /** Places that could not be settled, to look at again soon. */
  readonly again: Observation[]
  /** Places to look at now because of what was found elsewhere. `linked`: another name of a changed inode. */
  readonly lookAt: { readonly place: Place; readonly cause: 'touched' | 'linked' }[]
  /** Places of folders that are listed elsewhere too. No event comes when they are not there any more. */
  readonly twins: Place[]
  /** Ids of folders that are another folder than before. */
  readonly reborn: string[]
  /** Folders that are where their rows are. */
  readonly present: { readonly nodeId: string; readonly place: Place; readonly facts: Facts }[]
}

/**
 * Why an arrival waits. - `unfree`: its place, its folder or its id is not free. - `unsure`: another look must tell what it
 * is. - `twin`: the same folder is listed elsewhere.
 */
export type Wait = 'unfree' | 'unsure' | 'twin'

/** What deciding does with a sight that its place's row is not about. */
export type Arrival = {
  readonly observation: Observation
  readonly sight: PresentSight
  /** Rows of its inode. */
  readonly rows: readonly KnownNode[]
  /** The row that moves here; null if the arrival is a new node. */
  row: KnownNode | null
  /** Null if the plan carries the arrival out. */
  waits: Wait | null
}

export function emptyPlan(): Plan {
  return { decisions: [], toLimbo: [], found: [], again: [], lookAt: [], twins: [], reborn: [], present: [] }
}

/** Whether the plan carries the arrival out. */
export function isFeasible({ waits }: Arrival): boolean {
  return waits === null
}
