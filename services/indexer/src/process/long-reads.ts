/** The problems of files that have been read for very long: others of their size wait for them. */
import { shownPath } from '@drive-feed/shared/shown-path.ts'
import type { Noticed } from './problem-keeper.ts'

type Tools = {
  /** The files that are being read for long now. */
  readonly reads: () => readonly { readonly path: string; readonly forMs: number }[]
  /** Name of the root that a path is in; null if it is in none. */
  readonly rootAt: (path: string) => string | null
  readonly wallMs: () => number
}

const FIX = 'it is most likely just large: exclude it by its name if nobody needs its hash, else check its disk'

export function createLongReads({ reads, rootAt, wallMs }: Tools): () => Noticed[] {
  /** By path: since when a file is read. Kept as first reported, since the two clocks do not run alike. */
  let since = new Map<string, number>()
  return () => {
    const now = reads()
    since = new Map(now.map(({ path, forMs }) => [path, since.get(path) ?? Math.floor(wallMs() - forMs)]))
    return Array.from(since, ([path, sinceMs]) => ({
      code: 'file_takes_long' as const,
      root: rootAt(path),
      text: `${shownPath(path)} is being read since ${new Date(sinceMs).toISOString()}; large files wait for it`,
      fix: FIX,
      sinceMs,
    }))
  }
}
