/** Attaches roots to their folders, notices when they go away, and attaches them again when they are back. */
import type { Logger } from '@drive-feed/shared/logger.ts'
import type { Hints } from '../pending/hints.ts'
import type { Visits } from '../pending/visits.ts'
import { emptyMessage } from './away-messages.ts'
import { type FoundRoot, isAttachedTo, type MissingRoot } from './find-root.ts'
import type { Root } from './root.ts'
import type { Roots } from './roots.ts'

export type RootKeeperTools = {
  readonly roots: Pick<Roots, 'setState'>
  /** See `find-root.ts`. */
  readonly find: (root: Root) => Promise<FoundRoot | MissingRoot | null>
  /** See `attach-root.ts`. */
  readonly attach: (root: Root, found: FoundRoot) => void
  readonly hints: Pick<Hints, 'dropRoot'>
  readonly visits: Pick<Visits, 'dropRoot'>
  /** Forgets what the owner said of a root's folder. */
  readonly dropAcceptance: (rootId: string) => void
  readonly onAttached: (root: Root, why: 'start' | 'back') => void
  readonly onOffline: () => void
  /** The config file that messages name. */
  readonly configPath?: string | undefined
  readonly log: Logger
}

export type RootKeeper = {
  /** Looks whether a root is where it was; takes it offline if not, and attaches it if it was away. */
  readonly check: (root: Root) => Promise<void>
  /** To be called when a listing finds a root's folder empty that was not. False if it may not be: then it is offline. */
  readonly mayBeEmpty: (root: Root) => boolean
  /** To be called when a root was scanned to its end. */
  readonly scanned: (root: Root) => void
}

export function createRootKeeper(tools: RootKeeperTools): RootKeeper {
  const { roots, log } = tools
  /** Roots whose folder the owner accepted as it is, until the end of the scan that removes what is not in it. */
  const accepted = new Set<Root>()
  const takeOffline = (root: Root, { away, mustList }: MissingRoot) => {
    const { message } = away
    const isSaid = root.state.kind === 'offline' && root.message === message
    if (isSaid && root.state.mustList === mustList) return
    roots.setState(root, { kind: 'offline', away, mustList }, message)
    if (isSaid) return
    log.warn({ root: root.key, path: root.path, since: isoTime(root.stateSinceMs) }, `root is offline: ${message}`)
    tools.onOffline()
    tools.hints.dropRoot(root)
    tools.visits.dropRoot(root)
  }
  return {
    check: async (root) => {
      const found = await tools.find(root)
      if (found === null) return
      if ('away' in found) return takeOffline(root, found)
      if (found.isAccepted) accepted.add(root)
      if (isAttachedTo(root, found) && root.top?.needsVisit === false) return
      tools.attach(root, found)
      const awaySince = root.state.kind === 'offline' ? { awaySince: isoTime(root.stateSinceMs) } : {}
      log.info({ root: root.key, path: root.path, ...awaySince }, 'root is attached')
      tools.onAttached(root, root.state.kind === 'starting' ? 'start' : 'back')
    },
    mayBeEmpty: (root) => {
      if (accepted.has(root)) return true
      takeOffline(root, { away: emptyMessage(root, tools.configPath), mustList: true })
      return false
    },
    scanned: (root) => {
      accepted.delete(root)
      // All is well with the root, so a word of the owner that came too late must not be about another day.
      if (root.top !== null) tools.dropAcceptance(root.top.nodeId)
    },
  }
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString()
}
