/** What the owner is told of a root that is away: what was found, and what to do. */
import type { LookAnswer } from '../scan/look.ts'
import type { Root } from './roots.ts'

/** @param answer what a look at the root's path gave */
export function absentMessage({ path }: Root, answer: LookAnswer | undefined): string {
  if (answer?.kind === 'later') return `${path} can't be looked at now (${answer.problem}); trying again`
  if (answer?.kind === 'unreadable') return unreadableMessage(path, answer.problem)
  return `${path} is not there as a folder; mount it or bring it back, its nodes are kept until then`
}

export function unreadableMessage(path: string, problem: string): string {
  return `${path} can't be read (${problem}); check permissions and the disk, its nodes are kept until then`
}

export function replacedMessage(root: Root): string {
  const { path, configuredPath } = root
  const where = path === configuredPath ? path : `${configuredPath} leads to ${path}, which`
  return `${where} is another folder than before, as when a disk is not mounted; mount it, its nodes are kept until \
then. ${acceptMessage(root, 'the new folder is meant')}`
}

export function twinMessage({ path }: Root, twin: Root): string {
  return `${path} is the same folder as ${twin.path}, the watch ${JSON.stringify(twin.key)}; a folder can be watched once, \
so take one of the two out of the config`
}

export function emptyMessage(root: Root): string {
  return `${root.path} is suddenly empty, as when a disk is not mounted; mount it, its nodes are kept until then. \
${acceptMessage(root, 'it was emptied on purpose')}`
}

function acceptMessage({ key }: Root, condition: string): string {
  // As one word of a shell.
  const name = /^[\w.-]+$/.test(key) ? key : `'${key.replaceAll("'", "'\\''")}'`
  return `If ${condition}: npm run accept-empty -- ${name}`
}
