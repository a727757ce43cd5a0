/** Asks the kernel for a root's inotify instance. */
import type { Logger } from '@drive-feed/shared/logger.ts'
import type { ProblemText } from '@drive-feed/shared/problem.ts'
import type { Root } from './root.ts'

export type InstanceTools = {
  /** A new inotify instance, or why the kernel gives none. */
  readonly createInstance: () => { readonly fd: number } | { readonly why: ProblemText }
  readonly log: Logger
}

/** Gives a root an instance, or notes why it has none; whether it has one now. */
export function openInstance({ createInstance, log }: InstanceTools, root: Root): boolean {
  if (root.inotifyFd !== null) return true
  const made = createInstance()
  if ('why' in made) {
    if (root.gaps.noInstance === null) log.warn({ root: root.key }, made.why.message)
    root.gaps.noInstance = made.why
    return false
  }
  root.inotifyFd = made.fd
  root.gaps.noInstance = null
  return true
}
