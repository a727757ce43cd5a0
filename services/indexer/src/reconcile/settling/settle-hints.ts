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
import { type RawObservation, readSights } from '../looking/sight-reader.ts'
import type { Hint } from '../pending/hints.ts'
import { notFound, WHEREABOUTS } from './folder-answer.ts'
import { NOTHING_ENDS, settle } from './settle.ts'
import { type SettleJobTools, whileDiscovering } from './tools.ts'

export async function settleHints(
  tools: SettleJobTools,
  groups: Extract<Job, { kind: 'hints' }>['groups'],
  { answers, sights }: LookReply,
): Promise<void> {
  const raws: RawObservation[] = []
  for (const [at, { folder, hints }] of groups.entries()) {
    const answer = answers[at] as LookAnswer
    if (!folder.attached) continue
    if (answer.kind === 'seen') {
      tools.retries.clear(folder)
      tools.retries.clear(folder, WHEREABOUTS)
      folder.folds ||= answer.folds === true
      const alike = createAlike(tools, folder)
      for (const [offset, hint] of hints.entries()) {
        const sight = sightAt(sights, answer.from + offset)
        if (sight.kind === 'unreadable') tryAgain(tools, hint, sight.problem)
        for (const name of otherSpellings(alike, hint, answer.respelled)) {
          tools.hints.add({ ...hint, name }, tools.nowMs(), tools.nowMs())
        }
        const child = sight.kind === 'folder' ? folder.children.get(hint.name) : undefined
        if (child !== undefined) tools.coverage.stirred(child)
        if (isToBeSettled(tools, hint, sight)) raws.push({ folder, name: hint.name, cause: hint.cause, sight })
      }
      continue
    }
    const now = tools.nowMs()
    const dueMs = answer.kind === 'later' ? now : now + tools.retries.next(folder)
    // The time it was noticed stays: what is in limbo waits for every hint of before its time was over.
    for (const hint of hints) tools.hints.add(hint, answer.kind === 'later' ? hint.addedMs : now, dueMs)
    if (answer.kind !== 'later') notFound(tools, folder, answer)
  }
  const observations = await readSights(tools, raws)
  const again = await settle(tools, observations, NOTHING_ENDS, whileDiscovering(tools))
  const left = new Set([...again, ...observations.filter(({ sight }) => sight.kind === 'unreadable')].map(placeKey))
  for (const { folder, name } of raws) {
    if (!left.has(placeKey({ parentId: folder.nodeId, name }))) tools.retries.clear(folder, name)
  }
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
function createAlike({ known }: SettleJobTools, folder: Folder): (name: string) => readonly string[] {
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
function tryAgain(tools: SettleJobTools, { folder, name, cause }: Hint, problem: string): void {
  if (!isPassing(problem)) tools.coverage.unreadable(folder, { what: 'entry', problem })
  tools.hint({ parentId: folder.nodeId, name }, cause, 'again')
}

/**
 * Whether a look goes on to be compared with the row. Not one at a file that may be written to under another name, and was
 * not. Which files those are is noted here.
 */
function isToBeSettled({ known, revisits, writers, nowMs }: SettleJobTools, hint: Hint, sight: Sight): boolean {
  if (sight.kind !== 'file') return true
  const { folder, name, cause } = hint
  const place = { parentId: folder.nodeId, name }
  if (cause === 'revisited') {
    // What is not known there is news, unchanged or not.
    const isKnown = known.childAt(folder.nodeId, name)?.inode === sight.inode
    if (revisits.isUnchanged(sight, nowMs()) && isKnown) return false
    // Someone writes of whom nothing is told: the file is held back as if it were.
    writers.wrote(place, nowMs())
  }
  // Opened by this name, its writes are told of.
  const isOpenedElsewhere = cause === 'created' && writers.streak(place, nowMs()) === null
  if (isOpenedElsewhere) revisits.put(folder, name, sight, nowMs())
  else if (cause === 'touched') revisits.relocate(folder, name, sight)
  return true
}
