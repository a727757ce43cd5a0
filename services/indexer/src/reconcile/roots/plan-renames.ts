/** Plans what becomes of nodes whose watches only have another name in the config. Pure. */
import type { ConfiguredWatch } from '@drive-feed/shared/config/watches.ts'
import type { WatchRootRow } from '@drive-feed/shared/schema.ts'
import type { Decision } from '../../model/decision.ts'
import type { KnownNode } from '../../model/known-node.ts'

export type Renaming = {
  readonly renamed: readonly { readonly saved: WatchRootRow; readonly name: string }[]
  readonly decisions: readonly Decision[]
}

/**
 * Finds the watches that only have another name in the config, by their paths, and plans for all of them together, since
 * they may have swapped names. Removes a node whose name is needed and whose own path is no longer watched.
 *
 * @param rows those of all root nodes
 */
export function planRenames(
  watches: readonly ConfiguredWatch[],
  savedRoots: readonly WatchRootRow[],
  rows: readonly KnownNode[],
): Renaming {
  const nameOf = new Map(rows.map((row) => [row.nodeId, row.name]))
  const names = new Map<string, string>()
  const renamed: { saved: WatchRootRow; name: string }[] = []
  for (const { name, path, configuredPath } of watches) {
    // The node of a saved row may be another watch's by now.
    const isIts = ({ nodeId, name: before }: WatchRootRow) =>
      !names.has(nodeId) && [before, name].includes(nameOf.get(nodeId) ?? '')
    const own = savedRoots.filter(isIts)
    const saved = own.find((row) => row.configuredPath === configuredPath) ?? own.find((row) => row.path === path)
    if (saved === undefined) continue
    names.set(saved.nodeId, name)
    if (saved.name !== name) renamed.push({ saved, name })
  }
  const needed = new Set(names.values())
  const moves = rows.flatMap(({ nodeId, name: before, parentId, ctime }): Decision[] => {
    const name = names.get(nodeId) ?? before
    return name === before ? [] : [{ kind: 'move', nodeId, parentId, name, isDirectory: true, ctime }]
  })
  const removals = rows.flatMap(({ nodeId, name }): Decision[] =>
    !names.has(nodeId) && needed.has(name) ? [{ kind: 'remove', nodeId }] : [],
  )
  return { renamed, decisions: [...moves, ...removals] }
}
