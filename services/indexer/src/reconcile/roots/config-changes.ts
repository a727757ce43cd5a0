/** Carries out what another config means for the nodes of roots. */

import type { Logger } from '@drive-feed/shared/logger.ts'
import { SUPER_ROOT_ID, type WatchRootRow } from '@drive-feed/shared/schema.ts'
import type { Decision } from '../../model/decision.ts'
import type { NodeQueries } from '../../store/node-queries.ts'
import { planRenames } from './plan-renames.ts'
import type { Roots } from './roots.ts'

export type ConfigChangesTools = {
  readonly roots: Pick<Roots, 'all' | 'isConfigured'>
  readonly known: Pick<NodeQueries, 'children'>
  readonly savedRoots: () => WatchRootRow[]
  readonly saveRoot: (row: WatchRootRow) => void
  readonly removeRoot: (name: string) => void
  readonly apply: (decisions: readonly Decision[]) => void
  /** Makes one transaction of all that `work` writes. */
  readonly transaction: (work: () => void) => void
  readonly log: Logger
}

/** Lets a watch that only has another name in the config keep its node. To be called once, before any root is checked. */
export function renameRoots(tools: ConfigChangesTools): void {
  const watches = tools.roots.all.map(({ key, path, configuredPath }) => ({ name: key, path, configuredPath }))
  const { renamed, decisions } = planRenames(watches, tools.savedRoots(), tools.known.children(SUPER_ROOT_ID))
  if (renamed.length === 0 && decisions.length === 0) return
  tools.transaction(() => {
    tools.apply(decisions)
    for (const { saved } of renamed) tools.removeRoot(saved.name)
    for (const { saved, name } of renamed) tools.saveRoot({ ...saved, name })
  })
  for (const { saved, name } of renamed) {
    tools.log.info({ root: name, before: saved.name }, 'the watch has another name in the config and keeps its nodes')
  }
}

/** Removes the nodes of watches that left the config, once their files had the chance to turn up in another root. */
export function removeUnconfigured(tools: ConfigChangesTools): void {
  for (const row of tools.known.children(SUPER_ROOT_ID)) {
    if (tools.roots.isConfigured(row)) continue
    tools.log.info({ root: row.name }, 'the watch is no longer in the config: its nodes are removed')
    tools.apply([{ kind: 'remove', nodeId: row.nodeId }])
  }
  const names = new Set(tools.roots.all.map(({ key }) => key))
  for (const { name } of tools.savedRoots()) if (!names.has(name)) tools.removeRoot(name)
}
