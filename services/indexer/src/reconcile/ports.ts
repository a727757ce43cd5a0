/**
 * What the pipeline is made from. The program gives it the real kernel, disk, database and clock, and the simulation gives
 * it those of a model. Nothing else differs between what ships and what is simulated.
 */
import type { ConfiguredWatch } from '@drive-feed/shared/config/watches.ts'
import type { IsExcluded } from '@drive-feed/shared/exclude.ts'
import type { Logger } from '@drive-feed/shared/logger.ts'
import type { OwnFiles } from '@drive-feed/shared/own-files.ts'
import type { ProblemText } from '@drive-feed/shared/problem.ts'
import type { DeviceRow, WatchRootRow } from '@drive-feed/shared/schema.ts'
import type { Clock } from '../model/clock.ts'
import type { Decision } from '../model/decision.ts'
import type { NewFiles } from '../model/new-files.ts'
import type { FolderSight } from '../model/sight.ts'
import type { InotifyLimits } from '../posix/inotify-limits.ts'
import type { Mountinfo } from '../scan/mountinfo.ts'
import type { Observer } from '../scan/observer.ts'
import type { NodeQueries } from '../store/node-queries.ts'
import type { Pace } from './roots/coverage.ts'
import type { FailingPlace } from './roots/failing-places.ts'

export type Ports = {
  readonly settings: Settings
  readonly clock: Clock
  readonly kernel: KernelPort
  readonly disk: DiskPort
  readonly database: DatabasePort
  readonly metadata: MetadataPort
  readonly owner: OwnerPort
  /** Files of the program itself, which are left out of the feed. */
  readonly ownFiles: Pick<OwnFiles, 'mayBeOwn' | 'namesIn'>
  readonly log: Logger
}

export type Settings = {
  readonly watches: readonly ConfiguredWatch[]
  readonly isExcluded: IsExcluded
  /** Whether it depends on its path what is left out of a folder, so that one that moves has to be listed again. */
  readonly excludesByPath: boolean
  /** How long a file must have been quiet before it is read: `settle_ms` of the config. */
  readonly quietMs: number
  readonly rescanHours: number
  /** Whether files that the first scan of a root finds are left unread. */
  readonly skipInitialHash: boolean
  readonly pace: Pace
  /** Hints that may wait. Beyond, a root is scanned instead. */
  readonly hintsMax: number
  /** The config file that messages name. */
  readonly configPath: string | undefined
}

/** inotify(7). */
export type KernelPort = {
  /** A new inotify instance, or why there is none. */
  readonly createInstance: () => { readonly fd: number } | { readonly why: ProblemText }
  readonly removeWatch: (fd: number, watch: number) => void
  /** Resolves when every event queued by now has been taken in. */
  readonly drained: () => Promise<void>
  readonly limits: () => InotifyLimits
  /** errno of inotify_add_watch when `max_user_watches` is reached. */
  readonly watchLimitErrno: number
}

export type DiskPort = Pick<Observer, 'look' | 'signs' | 'resolvePath' | 'mountChanges' | 'atWork'> & {
  /** The table of mounts; null if it can't be read now. */
  readonly mounts: () => Mountinfo[] | null
  /** A look was put off because the system is out of file descriptors or memory. */
  readonly onExhausted: (problem: string) => void
}

export type DatabasePort = {
  readonly known: NodeQueries
  /** Carries the decisions out, in their order, in one transaction. */
  readonly apply: (decisions: readonly Decision[]) => void
  /** Adds files of which nothing is known, in one transaction. */
  readonly addFiles: (files: readonly NewFiles[]) => void
  /** Runs `work` in one transaction. */
  readonly transaction: (work: () => void) => void
  readonly roots: () => WatchRootRow[]
  readonly saveRoot: (row: WatchRootRow) => void
  readonly removeRoot: (name: string) => void
  readonly devices: () => DeviceRow[]
  readonly saveDevice: (row: DeviceRow) => void
}

/** The stage that reads files. */
export type MetadataPort = {
  /** Files may be waiting to be read. */
  readonly wake: () => void
  /** Every scan has ended. */
  readonly onAllScanned: () => void
  /** A watched folder was attached, or is no longer there. */
  readonly onFoldersChanged: () => void
  /** The earliest time to read a file that was tried in vain, ms since 1970 by `nowMs`; 0 for any other file. */
  readonly notBeforeMs: (nodeId: string) => number
  /** Files that have been tried in vain since that time (by `nowMs`) or longer. */
  readonly tried: (sinceMs: number) => readonly FailingPlace[]
}

/** What the owner said by `accept-empty`, that a folder is meant as it is, and asked for by `rescan`. */
export type OwnerPort = {
  /** Ids of the nodes whose folders the owner accepted. */
  readonly words: () => ReadonlySet<string>
  /** Takes the owner's word about this very folder; false if there is none. A word holds once. */
  readonly takeWord: (nodeId: string, folder: FolderSight) => boolean
  readonly dropWord: (nodeId: string) => void
  /** Ids of the folders that are to be listed anew. */
  readonly rescans: () => ReadonlySet<string>
  /** Says that a folder was listed anew. False if that fails. */
  readonly dropRescan: (nodeId: string) => boolean
}
