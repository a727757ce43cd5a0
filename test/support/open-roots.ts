import { SUPER_ROOT_ID, type WatchRootRow } from '@drive-feed/shared/schema.ts'
import { createRoots } from '../../services/indexer/src/reconcile/roots/roots.ts'
import { folderRow } from './rows.ts'

/**
 * A registry of roots, each at `/NAME`, that keeps its rows in an array. `rows` are the rows at the start, `known` are
 * the names of known root nodes. The test sets the clock.
 */
export function openRoots(
  names: readonly string[],
  { rows = [] as WatchRootRow[], known = [] as readonly string[], clock = { ms: 0 } } = {},
) {
  const roots = createRoots(
    names.map((name) => ({ name, path: `/${name}`, configuredPath: `/${name}` })),
    {
      known: { childAt: (_, name) => (known.includes(name) ? folderRow(1, SUPER_ROOT_ID, name) : undefined) },
      savedRoots: () => rows,
      saveRoot: (row) => void rows.splice(0, rows.length, ...rows.filter(({ name }) => name !== row.name), row),
      wallMs: () => clock.ms,
    },
  )
  return { roots, rows, clock }
}
