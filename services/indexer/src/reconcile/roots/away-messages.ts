/** What owners read of a root that is away, or of a disk inside a root: what was found where, and what to do. */
import { ownerCommand } from '@drive-feed/shared/owner-command.ts'
import { type ProblemText, problemText } from '@drive-feed/shared/problem.ts'
import { shellWord } from '@drive-feed/shared/shell-word.ts'
import { shownPath } from '@drive-feed/shared/shown-path.ts'
import { pathOf } from '../../model/folder-tree.ts'
import type { LookAnswer } from '../../scan/look.ts'
import type { DiskAway, Root, RootAway } from './root.ts'

/** @param answer what a look at the root's path answered */
export function absentMessage({ path }: Root, answer: LookAnswer | undefined): RootAway {
  if (answer?.kind === 'later') return offline(`${shownPath(path)} can't be looked at now (${answer.problem})`, AGAIN)
  if (answer?.kind === 'unreadable') return unreadableMessage(path, answer.problem)
  return offline(
    `${shownPath(path)} is not there as a folder`,
    'mount it or bring it back, its nodes are kept until then',
  )
}

const AGAIN = 'trying again'

/** The owner said that a folder is meant, though it is another one than before or empty. */
export const ACCEPTED = 'the owner accepts the folder as it is: nodes that are not in it are removed'

export function unreadableMessage(path: string, problem: string): RootAway {
  const fix = 'check permissions and the disk, its nodes are kept until then'
  return offline(`${shownPath(path)} can't be read (${problem})`, fix)
}

export function namelessMessage(path: string): RootAway {
  return offline(`the filesystem of ${shownPath(path)} can't be identified`, AGAIN)
}

export function replacedMessage(root: Root, configPath: string | undefined): RootAway {
  const { path, configuredPath } = root
  const where =
    path === configuredPath ? shownPath(path) : `${shownPath(configuredPath)} leads to ${shownPath(path)}, which`
  const fix = `mount it, its nodes are kept until then. ${acceptMessage(root, 'the new folder is meant', configPath)}`
  return {
    code: 'root_replaced',
    ...problemText(`${where} is another folder than before, as when a disk is not mounted`, fix),
  }
}

export function twinMessage({ path }: Root, twin: Root): RootAway {
  const other = `${shownPath(twin.path)}, the watch ${JSON.stringify(twin.key)}`
  const fix = 'a folder can be watched once, so take one of the two out of the config'
  return offline(`${shownPath(path)} is the same folder as ${other}`, fix)
}

export function emptyMessage(root: Root, configPath: string | undefined): RootAway {
  const fix = `mount it, its nodes are kept until then. ${acceptMessage(root, 'it was emptied on purpose', configPath)}`
  const text = `${shownPath(root.path)} is suddenly empty, as when a disk is not mounted`
  return { code: 'root_empty', ...problemText(text, fix) }
}

function offline(text: string, fix: string): RootAway {
  return { code: 'root_offline', ...problemText(text, fix) }
}

/** @param where `here`: the place stands beside the text already */
export function diskAwayMessage(
  { folder, name, sinceMs, isSinceStart }: DiskAway,
  where: 'here' | 'there',
  configPath: string | undefined,
): ProblemText {
  const place = shellWord(`${pathOf(folder) === '/' ? '' : pathOf(folder)}/${name}`)
  const since = new Date(sinceMs).toISOString()
  const away = isSinceStart ? `away (since before ${since})` : `away since ${since}`
  const fix = `its nodes are kept; mount it again. If it is not to come back: ${acceptCommand(place, configPath)}`
  return problemText(`the filesystem mounted ${where === 'here' ? 'here' : `at ${place}`} is ${away}`, fix, ': ')
}

function acceptMessage({ key }: Root, condition: string, configPath: string | undefined): string {
  return `If ${condition}: ${acceptCommand(shellWord(key), configPath)}`
}

function acceptCommand(operand: string, configPath: string | undefined): string {
  return ownerCommand(['accept-empty', operand], configPath)
}
