/** Settles a look at places that had hints. */
import { foldingKey } from '@drive-feed/shared/folding-key.ts'
import { isPassing } from '@drive-feed/shared/passing-errors.ts'
import type { Folder } from '../../model/folder-tree.ts'
import { placeKey } from '../../model/observation.ts'
import type { Sight } from '../../model/sight.ts'
import { sightAt } from '../../model/sights.ts'
import type { LookAnswer } from '../../scan/look.ts'
import type { LookReply } from '../../scan/observer.ts'
import type { Job } from '../looking/jobs.ts'
import type { RawObservation } from '../looking/sight-reader.ts'
import type { Hint } from '../pending/hints.ts'
import { NOTHING_ENDS } from './settle.ts'
import { type SettlingTools, whileDiscovering } from './tools.ts'

export async function settleHints(
  tools: SettlingTools,
  groups: Extract<Job, { kind: 'hints' }>['groups'],
  { answers, sights }: LookReply,
): Promise<void> {
  const { hints: queue, retries } = tools.pending
  const { coverage, clock } = tools
  const raws: RawObservation[] = []
  for (const [at, { folder, hints }] of groups.entries()) {
    const answer = answers[at] as LookAnswer
    if (!folder.attached) continue
    if (answer.kind === 'seen') {
      tools.folderAnswers.found(folder)
      folder.folds ||= answer.folds === true
      const alike = createAlike(tools, folder)
      for (const [offset, hint] of hints.entries()) {
        const sight = sightAt(sights, answer.from + offset)
        if (sight.kind === 'unreadable') tryAgain(tools, hint, sight.problem)
        for (const name of otherSpellings(alike, hint, answer.respelled)) {
          queue.add({ ...hint, name }, clock.nowMs(), clock.nowMs())
        }
        const child = sight.kind === 'folder' ? folder.children.get(hint.name) : undefined
        if (child !== undefined) coverage.stirred(child)
        if (isToBeSettled(tools, hint, sight)) raws.push({ folder, name: hint.name, cause: hint.cause, sight })
      }
      continue
    }
    const now = clock.nowMs()
    const dueMs = answer.kind === 'later' ? now : now + retries.next(folder)
    // A hint whose turn did not come keeps its time: a row in limbo waits for every hint from before the row was due.
    for (const hint of hints) queue.add(hint, answer.kind === 'later' ? hint.addedMs : now, dueMs)
    if (answer.kind !== 'later') tools.folderAnswers.notFound(folder, answer)
  }
  const observations = await tools.readSights(raws)
  const again = await tools.settle(observations, NOTHING_ENDS, whileDiscovering(tools.layout.roots))
  const left = new Set([...again, ...observations.filter(({ sight }) => sight.kind === 'unreadable')].map(placeKey))
  for (const { folder, name } of raws) {
    if (!left.has(placeKey({ parentId: folder.nodeId, name }))) retries.clear(folder, name)
  }
  for (const { hints } of groups) queue.done(hints)
}

/**
 * Other spellings of a hint's name, as listed or as known. An event may use another spelling than the listing. A file
 * that is renamed to `Holiday.jpg` replaces `holiday.jpg`, and no event names the latter.
 */
function otherSpellings(
  alike: (name: string) => readonly string[],
  { folder, name }: Hint,
  respelled: ReadonlyMap<string, string> | undefined,
): readonly string[] {
  const spelling = respelled?.get(name)
  if (spelling !== undefined) return [spelling]
  return folder.folds ? alike(name) : []
}

/** Finds the known names in a folder that fold like a name that is not known there. Reads the names once, when needed. */
function createAlike({ known }: SettlingTools, folder: Folder): (name: string) => readonly string[] {
  let byKey: Map<string, string[]> | null = null
  return (name) => {
    if (known.childAt(folder.nodeId, name) !== undefined) return []
    byKey ??= Map.groupBy(
      known.children(folder.nodeId).map((row) => row.name),
      foldingKey,
    )
    return byKey.get(foldingKey(name)) ?? []
  }
}

/** Asks for another look at a place that could not be looked at. Reports an error unless it passes by itself. */
function tryAgain(tools: SettlingTools, { folder, name, cause }: Hint, problem: string): void {
  if (!isPassing(problem)) tools.coverage.unreadable(folder, { what: 'entry', problem })
  tools.pending.hint({ parentId: folder.nodeId, name }, cause, 'again')
}

/**
 * Whether a sight is compared with the row. A file that is looked at again because it may be open under another name, and
 * that did not change, is not (`revisits.ts`). Notes which files those are.
 */
function isToBeSettled({ known, pending, clock }: SettlingTools, hint: Hint, sight: Sight): boolean {
  if (sight.kind !== 'file') return true
  const { revisits, writers } = pending
  const { folder, name, cause } = hint
  const place = { parentId: folder.nodeId, name }
  if (cause === 'revisited') {
    // A file that is not known at the place is news, changed or not.
    const isKnown = known.childAt(folder.nodeId, name)?.inode === sight.inode
    if (revisits.isUnchanged(sight, clock.nowMs()) && isKnown) return false
    // Someone writes without events: holds the file back as if there were some.
    writers.wrote(place, clock.nowMs())
  }
  // A file that was opened by this name has events of its writes.
  const isOpenedElsewhere = cause === 'created' && writers.streak(place, sight.inode, clock.nowMs()) === null
  if (isOpenedElsewhere) revisits.put(folder, name, sight, clock.nowMs())
  else if (cause === 'touched') revisits.relocate(folder, name, sight)
  return true
}
