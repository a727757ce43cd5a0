/** Folders in which files of the program itself are: these are left out of the feed, and the root's message says so. */
import type { Logger } from '@drive-feed/shared/logger.ts'
import type { RootMessages } from './root-messages.ts'
import type { Roots } from './roots.ts'
import { ownFilesMessage } from './watch-messages.ts'

export type OwnPathsTools = {
  readonly roots: Pick<Roots, 'byPath'>
  readonly messages: Pick<RootMessages, 'update'>
  readonly log: Logger
}

/** @param hasOwn whether files of ours are in the folder that was looked at */
export function noteOwnPath({ roots, messages, log }: OwnPathsTools, path: string, hasOwn: boolean): void {
  const root = roots.byPath(path)
  if (root === undefined || root.gaps.ownPaths.has(path) === hasOwn) return
  if (hasOwn) {
    root.gaps.ownPaths.add(path)
    log.info({ root: root.key, path }, ownFilesMessage(path))
  } else root.gaps.ownPaths.delete(path)
  messages.update(root)
}
