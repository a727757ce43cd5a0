/** What the owner is told of a root that is away: what was found, and what to do. */
import { shellWord } from '@drive-feed/shared/shell-word.ts'
import { shownPath } from '@drive-feed/shared/shown-path.ts'
import type { LookAnswer } from '../scan/look.ts'
import { pathOf } from '../watch/tree.ts'
import type { DiskAway } from './disks-away.ts'
import type { Root } from './roots.ts'

/** @param answer what a look at the root's path gave */
export function absentMessage({ path }: Root, answer: LookAnswer | undefined): string {
  if (answer?.kind === 'later') return `${shownPath(path)} can't be looked at now (${answer.problem}); trying again`
  if (answer?.kind === 'unreadable') return unreadableMessage(path, answer.problem)
  return `${shownPath(path)} is not there as a folder; mount it or bring it back, its nodes are kept until then`
}

export function unreadableMessage(path: string, problem: string): string {
  return `${shownPath(path)} can't be read (${problem}); check permissions and the disk, its nodes are kept until then`
}

export function replacedMessage(root: Root, configPath: string | undefined): string {
  const { path, configuredPath } = root
  const where =
    path === configuredPath ? shownPath(path) : `${shownPath(configuredPath)} leads to ${shownPath(path)}, which`
  return `${where} is another folder than before, as when a disk is not mounted; mount it, its nodes are kept until \
then. ${acceptMessage(root, 'the new folder is meant', configPath)}`
}

export function twinMessage({ path }: Root, twin: Root): string {
  const other = `${shownPath(twin.path)}, the watch ${JSON.stringify(twin.key)}`
  return `${shownPath(path)} is the same folder as ${other}; a folder can be watched once, so take one of the two out of \
the config`
}

export function emptyMessage(root: Root, configPath: string | undefined): string {
  return `${shownPath(root.path)} is suddenly empty, as when a disk is not mounted; mount it, its nodes are kept until then. \
${acceptMessage(root, 'it was emptied on purpose', configPath)}`
}

/** @param where `here`: the line tells the place beside it */
export function diskAwayMessage(
  { folder, name, sinceMs, isSinceStart }: DiskAway,
  where: 'here' | 'there',
  configPath: string | undefined,
): string {
  const place = shellWord(`${pathOf(folder) === '/' ? '' : pathOf(folder)}/${name}`)
  const since = new Date(sinceMs).toISOString()
  const away = isSinceStart ? `away (since before ${since})` : `away since ${since}`
  return `the filesystem mounted ${where === 'here' ? 'here' : `at ${place}`} is ${away}: its nodes are kept; mount it \
again. If it is not to come back: ${acceptCommand(place, configPath)}`
}

function acceptMessage({ key }: Root, condition: string, configPath: string | undefined): string {
  return `If ${condition}: ${acceptCommand(shellWord(key), configPath)}`
}

/** As it is to be typed in the folder of the program. */
function acceptCommand(operand: string, configPath: string | undefined): string {
  const config = configPath === undefined ? '' : ` --config=${shellWord(configPath)}`
  return `npm run accept-empty -- ${operand}${config}`
}
