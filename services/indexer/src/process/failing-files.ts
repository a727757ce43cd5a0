/** The problems of files whose metadata could not be read: for each root how many there are, and one of them. */
import { shownPath } from '@drive-feed/shared/shown-path.ts'
import type { FailingFile, FailingFiles } from '../store/node-queries.ts'
import type { Noticed } from './problem-keeper.ts'

type Tools = {
  readonly failing: () => FailingFiles
  /** Null if the path is not known. */
  readonly pathOf: (nodeId: string) => string | null
  /** Name of the root that a path is in; null if the root is away, which is a problem of its own. */
  readonly rootAt: (path: string) => string | null
}

const WORDS = {
  unreadable: {
    code: 'files_unreadable',
    what: "can't be read",
    fix: 'check permissions and the disk; it is tried again with the next scan, and when something changes there',
  },
  failed: {
    code: 'files_failed',
    what: 'can only be read in part',
    fix: 'see whether it is damaged; it is read again when it changes',
  },
} as const

/** If there are more files than `failing` gives, they are counted for all roots together. */
export function failingFiles({ failing, pathOf, rootAt }: Tools): Noticed[] {
  const { files, counts } = failing()
  const placed = files.flatMap((file) => {
    const path = pathOf(file.nodeId)
    const root = path === null ? null : rootAt(path)
    return path === null || root === null ? [] : [{ ...file, path, root }]
  })
  return (['unreadable', 'failed'] as const).flatMap((state): Noticed[] => {
    const all = placed.filter((file) => file.state === state)
    const isAll = files.filter((file) => file.state === state).length === counts[state]
    const [first] = all
    if (first === undefined) return []
    if (!isAll) return [told(first, counts[state], null)]
    return Array.from(Map.groupBy(all, ({ root }) => root).entries(), ([root, those]) =>
      told(those[0] as typeof first, those.length, root),
    )
  })
}

function told(
  { state, path, error }: FailingFile & { readonly path: string },
  count: number,
  root: string | null,
): Noticed {
  const { code, what, fix } = WORDS[state]
  const which = count === 1 ? shownPath(path) : `${shownPath(path)} and ${count - 1} more files`
  return { code, root, text: `${which} ${what}${error === null ? '' : ` (${error})`}`, fix, sinceMs: null }
}
