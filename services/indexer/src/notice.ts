/** Gathers the problems of all stages. Every warning in the log that stays true belongs here too. */
import { problemTextOf } from '@drive-feed/shared/problem.ts'
import type { MetadataPool } from './metadata/pool.ts'
import type { Exhaustion } from './process/exhaustion.ts'
import { failingFiles } from './process/failing-files.ts'
import { createLongReads } from './process/long-reads.ts'
import type { Noticed } from './process/problem-keeper.ts'
import type { RootMessages } from './reconcile/roots/root-messages.ts'
import type { Roots } from './reconcile/roots/roots.ts'
import type { StallWatch } from './reconcile/roots/stall-watch.ts'
import type { Store } from './store/store.ts'
import type { WalKeeper } from './store/wal-keeper.ts'

/** Up to so many files of one kind without metadata are counted by their roots. */
const FAILING_FILES_MAX = 100

export type NoticeTools = {
  readonly store: Pick<Store, 'known' | 'head'>
  readonly roots: Pick<Roots, 'all' | 'byPath'>
  readonly messages: Pick<RootMessages, 'problemsOf'>
  readonly stalls: StallWatch
  readonly exhaustion: Exhaustion
  readonly pool: Pick<MetadataPool, 'problem' | 'longReads'>
  readonly wal: WalKeeper
  readonly wallMs: () => number
}

export function createNotice(tools: NoticeTools): () => Noticed[] {
  const { roots, messages, stalls, exhaustion, pool, wal } = tools
  const files = createFilesNotice(tools)
  const longReads = createLongReads({
    reads: () => pool.longReads(),
    rootAt: (path) => roots.byPath(path)?.key ?? null,
    wallMs: tools.wallMs,
  })
  return () => {
    const stalled = stalls.stalled()
    const held = wal.held()
    const problems: Noticed[] = roots.all.flatMap((root) =>
      messages.problemsOf(root).map((problem) => ({ ...problem, root: root.key })),
    )
    if (stalled !== null) problems.push({ ...stalled, code: 'not_answering', root: stalled.root?.key ?? null })
    problems.push(...exhaustion.noticed())
    const unread = pool.problem()
    if (unread !== null) {
      problems.push({ ...problemTextOf(unread), code: 'metadata_workers', root: null, sinceMs: null })
    }
    if (held !== null) problems.push({ ...held, code: 'wal_held', root: null })
    return [...problems, ...longReads(), ...files()]
  }
}

/** The problems of files. Asks the database again only if they may have changed. */
function createFilesNotice({ store, roots }: NoticeTools): () => Noticed[] {
  const { known } = store
  const rootAt = (path: string) => {
    const root = roots.byPath(path)
    return root === undefined || root.state.kind === 'offline' ? null : root.key
  }
  let last: { readonly key: string; readonly noticed: Noticed[] } | null = null
  return () => {
    const { counts } = known.failing(0)
    if (counts.failed + counts.unreadable === 0) return []
    const key = JSON.stringify([counts, store.head(), roots.all.map(({ state }) => state.kind === 'offline')])
    if (last?.key !== key) {
      const failing = () => known.failing(FAILING_FILES_MAX)
      last = { key, noticed: failingFiles({ failing, pathOf: known.pathOf, rootAt }) }
    }
    return last.noticed
  }
}
