/** Settles a look at places of which events told. */
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
    // The time it was noticed stays: what is in limbo waits for every hint of before its time was over.
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
 * How what is meant by a name is spelled on the disk, or was: an event may tell of it under another spelling, and what is
 * renamed to `Holiday.jpg` takes the place of `holiday.jpg`, of which then nothing is told.
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

/** Finds the known names in a folder that a name which is not known there may stand for. Reads them once, when needed. */
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

/** What could not be looked at is looked at again; said is what does not pass by itself. */
function tryAgain(tools: SettlingTools, { folder, name, cause }: Hint, problem: string): void {
  if (!isPassing(problem)) tools.coverage.unreadable(folder, { what: 'entry', problem })
  tools.pending.hint({ parentId: folder.nodeId, name }, cause, 'again')
}

/**
 * Whether a look goes on to be compared with the row. Not one at a file that may be written to under another name, and was
 * not. Which files those are is noted here.
 */
function isToBeSettled({ known, pending, clock }: SettlingTools, hint: Hint, sight: Sight): boolean {
  if (sight.kind !== 'file') return true
  const { revisits, writers } = pending
  const { folder, name, cause } = hint
  const place = { parentId: folder.nodeId, name }
  if (cause === 'revisited') {
    // What is not known there is news, unchanged or not.
    const isKnown = known.childAt(folder.nodeId, name)?.inode === sight.inode
    if (revisits.isUnchanged(sight, clock.nowMs()) && isKnown) return false
    // Someone writes of whom nothing is told: the file is held back as if it were.
    writers.wrote(place, clock.nowMs())
  }
  // Opened by this name, its writes are told of.
  const isOpenedElsewhere = cause === 'created' && writers.streak(place, clock.nowMs()) === null
  if (isOpenedElsewhere) revisits.put(folder, name, sight, clock.nowMs())
  else if (cause === 'touched') revisits.relocate(folder, name, sight)
  return true
}
