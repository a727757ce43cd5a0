/** What the look at a folder says of the folder itself: its watch, or that it is not there. */
import { isPassing } from '@drive-feed/shared/passing-errors.ts'
import type { Folder } from '../../model/folder-tree.ts'
import type { LookAnswer } from '../../scan/look.ts'
import type { SettleJobTools } from './tools.ts'

/** What waits this long or less need not wait. */
const PROMPT_MS = 50

/** In place of a name: the folder itself is not where it should be. */
export const WHEREABOUTS = '.'

export function takeWatch(
  tools: SettleJobTools,
  folder: Folder,
  watch: Extract<LookAnswer, { kind: 'seen' }>['watch'],
): void {
  if (watch.kind === 'watched') {
    tools.intake.watched(folder, watch.watch)
    tools.coverage.watched(folder)
  } else if (watch.kind === 'refused') {
    tools.coverage.refused(folder, watch.errno === tools.watchLimitErrno ? 'max_user_watches' : 'unknown')
  }
}

/** The folder could not be found or read: it is visited when it is next seen, and its own place is looked at now. */
export function notFound(
  tools: SettleJobTools,
  folder: Folder,
  answer: Exclude<LookAnswer, { kind: 'seen' | 'later' }>,
): void {
  folder.needsVisit = true
  const willPass = answer.kind === 'unreadable' && isPassing(answer.problem)
  if (answer.kind === 'unreadable') {
    takeWatch(tools, folder, answer.watch)
    if (!willPass) tools.coverage.unreadable(folder, { what: 'folder', problem: answer.problem })
  }
  if (folder.parent === null) tools.onRootGone(folder)
  else if (answer.kind === 'elsewhere' || willPass) lookForFolder(tools, folder, folder.parent)
}

/** Its own place says where the folder is. If that says again and again that it is there, it is asked ever less often. */
function lookForFolder({ hints, retries, nowMs }: SettleJobTools, folder: Folder, parent: Folder): void {
  const now = nowMs()
  const delayMs = retries.next(folder, WHEREABOUTS)
  hints.add({ folder: parent, name: folder.name, cause: 'touched' }, now, now + (delayMs <= PROMPT_MS ? 0 : delayMs))
}
