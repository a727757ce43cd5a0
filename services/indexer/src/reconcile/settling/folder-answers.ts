/** Carries out what a look says of the folder itself: its watch, or that it was not found. */
import { isPassing } from '@drive-feed/shared/passing-errors.ts'
import type { Folder } from '../../model/folder-tree.ts'
import type { LookAnswer, WatchOutcome } from '../../scan/look.ts'
import type { FolderWatches } from '../pending/folder-watches.ts'
import type { Pending } from '../pending/pending.ts'
import type { Coverage } from '../roots/coverage.ts'

/** A pause of this or less is left out. */
const PROMPT_MS = 50

/** In place of a name: where the folder itself is. */
const WHEREABOUTS = '.'

export type FolderAnswers = {
  /** The folder was found at its place: its pauses begin anew. */
  readonly found: (folder: Folder) => void
  readonly takeWatch: (folder: Folder, watch: WatchOutcome) => void
  /** The folder was not found, or can't be read: visits it when it is seen next, and looks for it at its own place. */
  readonly notFound: (folder: Folder, answer: Exclude<LookAnswer, { kind: 'seen' | 'later' }>) => void
  /** The folder of a root lists as empty, and has rows. True if that may be. */
  readonly mayBeEmpty: (top: Folder) => boolean
}

export type FolderAnswersTools = {
  readonly pending: Pick<Pending, 'hints' | 'retries'>
  readonly coverage: Pick<Coverage, 'watched' | 'refused' | 'unreadable'>
  readonly nowMs: () => number
  readonly watches: Pick<FolderWatches, 'given'>
  /** The folder of a root is not at its path. */
  readonly onRootGone: (top: Folder) => void
  readonly mayBeEmpty: (top: Folder) => boolean
  /** errno of inotify_add_watch when `max_user_watches` is reached. */
  readonly watchLimitErrno: number
}

export function createFolderAnswers(tools: FolderAnswersTools): FolderAnswers {
  const { coverage, nowMs } = tools
  const { hints, retries } = tools.pending
  const takeWatch: FolderAnswers['takeWatch'] = (folder, watch) => {
    if (watch.kind === 'watched') {
      tools.watches.given(folder, watch.watch)
      coverage.watched(folder)
    } else if (watch.kind === 'refused') {
      coverage.refused(folder, watch.errno === tools.watchLimitErrno ? 'max_user_watches' : 'unknown')
    }
  }
  /** Asks for a look at the folder's own place, less often each time: the folder may be found there again and again. */
  const lookForFolder = (folder: Folder, parent: Folder) => {
    const now = nowMs()
    const delayMs = retries.next(folder, WHEREABOUTS)
    hints.add({ folder: parent, name: folder.name, cause: 'touched' }, now, now + (delayMs <= PROMPT_MS ? 0 : delayMs))
  }
  return {
    found: (folder) => {
      retries.clear(folder)
      retries.clear(folder, WHEREABOUTS)
    },
    takeWatch,
    notFound: (folder, answer) => {
      folder.needsVisit = true
      const willPass = answer.kind === 'unreadable' && isPassing(answer.problem)
      if (answer.kind === 'unreadable') {
        takeWatch(folder, answer.watch)
        if (!willPass) coverage.unreadable(folder, { what: 'folder', problem: answer.problem })
      }
      if (folder.parent === null) tools.onRootGone(folder)
      else if (answer.kind === 'elsewhere' || willPass) lookForFolder(folder, folder.parent)
    },
    mayBeEmpty: tools.mayBeEmpty,
  }
}
