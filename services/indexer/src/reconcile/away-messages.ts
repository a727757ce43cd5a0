/** What the owner is told of a root that is away: what was found, and what to do. */
import { shownPath } from '@drive-feed/shared/shown-path.ts'
import { shownText } from '@drive-feed/shared/shown-text.ts'
import type { LookAnswer } from '../scan/look.ts'
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

export function replacedMessage(root: Root): string {
  const { path, configuredPath } = root
  const where =
    path === configuredPath ? shownPath(path) : `${shownPath(configuredPath)} leads to ${shownPath(path)}, which`
  return `${where} is another folder than before, as when a disk is not mounted; mount it, its nodes are kept until \
then. ${acceptMessage(root, 'the new folder is meant')}`
}

export function twinMessage({ path }: Root, twin: Root): string {
  const other = `${shownPath(twin.path)}, the watch ${JSON.stringify(twin.key)}`
  return `${shownPath(path)} is the same folder as ${other}; a folder can be watched once, so take one of the two out of \
the config`
}

export function emptyMessage(root: Root): string {
  return `${shownPath(root.path)} is suddenly empty, as when a disk is not mounted; mount it, its nodes are kept until \
then. ${acceptMessage(root, 'it was emptied on purpose')}`
}

function acceptMessage({ key }: Root, condition: string): string {
  return `If ${condition}: npm run accept-empty -- ${shellWord(key)}`
}

/** As one word of a shell, which is to be copied from what a terminal shows. */
function shellWord(text: string): string {
  if (/^[\w.-]+$/.test(text)) return text
  if (shownText(text) === text) return `'${text.replaceAll("'", "'\\''")}'`
  // What stands in $'…' is read as JSON reads it, but for the apostrophe.
  return `$'${shownText(text.replaceAll('\\', '\\\\').replaceAll("'", "\\'"))}'`
}
