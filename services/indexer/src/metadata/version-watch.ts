/**
 * Notices that the readers' versions differ from those noted in the database, and has files marked whose answer may be
 * another one now.
 */
import type { ReaderVersions } from './reader-versions.ts'

/** `markedTo`: how far the marking came, null once it is done. `marksAllMedia`: also mark media that have a size. */
export type NotedVersions = ReaderVersions & { readonly markedTo: number | null; readonly marksAllMedia: boolean }

export type VersionWatch = {
  /** To be called with the versions of a worker that is ready. */
  readonly tell: (versions: ReaderVersions) => void
  /** Whether any worker has reported its versions. */
  readonly isTold: () => boolean
  readonly stop: () => void
}

export type VersionWatchTools = {
  /** Null if nothing was read yet. */
  readonly noted: () => NotedVersions | null
  readonly note: (versions: NotedVersions) => void
  /** Marks some files. False when all are marked. */
  readonly markSome: () => boolean
  /** Some files were marked. */
  readonly onMarked: () => void
  readonly onOther: (before: ReaderVersions, now: ReaderVersions) => void
}

/** The pause between two slices of the marking, in which everything else has its turn. */
const PAUSE_MS = 20

export function createVersionWatch({ noted, note, markSome, onMarked, onOther }: VersionWatchTools): VersionWatch {
  let told: ReaderVersions | null = null
  let timer: NodeJS.Timeout | undefined

  const mark = () => {
    const isMore = markSome()
    onMarked()
    timer = isMore ? setTimeout(mark, PAUSE_MS) : undefined
  }
  const beginMarking = () => {
    clearTimeout(timer)
    timer = setTimeout(mark, PAUSE_MS)
  }
  return {
    tell: (now) => {
      // Libraries may be upgraded while this program runs; a worker that starts later has the new ones.
      if (told !== null && areSame(told, now)) return
      told = now
      const before = noted()
      if (before === null) note({ ...now, markedTo: null, marksAllMedia: false })
      else if (!areSame(before, now)) {
        onOther(versionsOf(before), now)
        note({ ...now, markedTo: 0, marksAllMedia: mayHaveWrongSizes(before, now) })
        beginMarking()
      } else if (before.markedTo !== null) beginMarking()
    },
    isTold: () => told !== null,
    stop: () => clearTimeout(timer),
  }
}

/** A size by a library is rarely wrong. A size by our own parsers may be wrong only if the rules changed. */
function mayHaveWrongSizes(before: NotedVersions, now: ReaderVersions): boolean {
  return before.rules !== now.rules || (before.markedTo !== null && before.marksAllMedia)
}

function versionsOf({ libmagic, magicDatabase, mediaInfo, rules }: ReaderVersions): ReaderVersions {
  return { libmagic, magicDatabase, mediaInfo, rules }
}

function areSame(some: ReaderVersions, others: ReaderVersions): boolean {
  const { libmagic, magicDatabase, mediaInfo, rules } = some
  return (
    libmagic === others.libmagic &&
    magicDatabase === others.magicDatabase &&
    mediaInfo === others.mediaInfo &&
    rules === others.rules
  )
}
