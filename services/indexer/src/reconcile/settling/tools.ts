/** What settling the answers to a job needs. */
import type { Folder } from '../../model/folder-tree.ts'
import type { KnownNode } from '../../model/known-node.ts'
import type { JobTools } from '../looking/jobs.ts'
import type { SightReaderTools } from '../looking/sight-reader.ts'
import type { Backoff } from '../pending/backoff.ts'
import type { EventIntake } from '../pending/event-intake.ts'
import type { Hints } from '../pending/hints.ts'
import type { Revisits } from '../pending/revisits.ts'
import type { Writers } from '../pending/writers.ts'
import type { Coverage } from '../roots/coverage.ts'
import type { SettleTools } from './settle.ts'

export type SettleJobTools = Omit<JobTools, 'roots' | 'coverage'> &
  SettleTools &
  SightReaderTools & {
    readonly hints: Hints
    readonly intake: EventIntake
    readonly coverage: Coverage
    readonly retries: Backoff<Folder>
    readonly writers: Writers
    readonly revisits: Revisits
    /** Resolves when every event queued by now has been taken in. */
    readonly drained: () => Promise<void>
    /** Whether places are being looked at that were told of by events. */
    readonly areHintsUnderWay: () => boolean
    /** The folder of a root is not where it was. */
    readonly onRootGone: (top: Folder) => void
    /** The folder of a root holds nothing any more. Whether that may be. */
    readonly mayBeEmpty: (top: Folder) => boolean
    /** A look was put off because the system has nothing left to open a folder with. */
    readonly onExhausted: (problem: string) => void
    /** errno of inotify_add_watch when `max_user_watches` is reached. */
    readonly watchLimitErrno: number
  }

/**
 * What moves while a root is scanned for the first time may have gone where nobody has looked yet. But a file that stands
 * in for another, as programs save theirs, is not held up for that: only a hash could be lost by it.
 */
export function whileDiscovering({ roots }: SettleJobTools): (row: KnownNode, blocks: boolean) => boolean {
  return (row, blocks) => roots.isDiscovering() && (row.isDirectory || !blocks)
}
