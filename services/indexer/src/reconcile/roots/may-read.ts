/** Says whether files may be read beside a scan. */
import type { Roots } from './roots.ts'

/**
 * Files are read during a scan if it takes longer than this, and during the very first scan of a root if that does: it has
 * much to write, and nobody has what waits for it. A short scan ends sooner without; a long one must not keep the workers
 * waiting. Ms since the start.
 */
export const READ_DURING_SCAN_AFTER_MS = { known: 3_000, new: 30_000 } as const

export function mayRead({ all, isScanning }: Pick<Roots, 'all' | 'isScanning'>, sinceStartMs: number): boolean {
  if (!isScanning()) return true
  const isNew = all.some(({ state, wasScanned }) => state.kind === 'scanning' && !wasScanned)
  return sinceStartMs >= READ_DURING_SCAN_AFTER_MS[isNew ? 'new' : 'known']
}
