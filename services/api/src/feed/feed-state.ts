/** The SELECTs about the feed as a whole: where its log stands, its runs, and its watched folders. */
import { eq, sql } from '@drive-feed/shared/drizzle.ts'
import { formatFeedEpoch } from '@drive-feed/shared/feed-epoch.ts'
import { feed, runs, watchRoots } from '@drive-feed/shared/schema.ts'
import { type FeedOrm, type NoValues, type Prepared, prepare } from './prepare.ts'

/** The state of the feed: two equal states give equal answers. */
export type FeedState = {
  /** The database and its latest run, see `feed-epoch.ts`; empty in a damaged file. */
  readonly epoch: string
  /** The largest change number ever given out, 0 in a new database. */
  readonly head: number
  /** The watched folders and their paths, as one text for comparison. */
  readonly roots: string
}

export const latestRun = sql<string | null>`(SELECT run_id FROM runs ORDER BY first_change_id DESC LIMIT 1)`

export function createStateQueries(orm: FeedOrm) {
  const head = prepareHead(orm)
  const epoch = prepareEpoch(orm)
  const runEnd = prepareRunEnd(orm)
  const roots = prepareRoots(orm)
  const headNow = (): number => head.get({})?.[0] ?? 0

  return {
    head: headNow,

    feed: (): FeedState => {
      const [database, run = null] = epoch.get({}) ?? []
      return {
        epoch: database === undefined ? '' : formatFeedEpoch({ database, run }),
        head: headNow(),
        roots: JSON.stringify(roots.all({})),
      }
    },

    /** The last change before the next run began; null for the latest run, undefined for an unknown one. */
    runEnd: (runId: string): number | null | undefined => runEnd.get({ runId })?.[0],

    /** Paths of the watched folders by node id. */
    rootPaths: (): Map<string, string> => new Map(roots.all({})),
  }
}

/**
 * SQLite keeps the largest number of an AUTOINCREMENT table here. Unlike max(change_id) it never goes back, and neither
 * may a cursor (I5).
 */
function prepareHead(orm: FeedOrm): Prepared<NoValues, [head: number]> {
  return prepare(orm, orm.select({ head: sql`seq` }).from(sql`sqlite_sequence`).where(sql`name = 'changes'`))
}

function prepareEpoch(orm: FeedOrm): Prepared<NoValues, [database: string, run: string | null]> {
  return prepare(orm, orm.select({ database: feed.epoch, run: latestRun }).from(feed))
}

function prepareRoots(orm: FeedOrm): Prepared<NoValues, [nodeId: string, path: string]> {
  return prepare(orm, orm.select({ nodeId: watchRoots.nodeId, path: watchRoots.path }).from(watchRoots))
}

function prepareRunEnd(orm: FeedOrm): Prepared<{ readonly runId: string }, [end: number | null]> {
  const next = sql`SELECT min(later.first_change_id) FROM runs AS later WHERE later.first_change_id > ${runs.firstChangeId}`
  return prepare(
    orm,
    orm
      .select({ end: sql`(${next}) - 1` })
      .from(runs)
      .where(eq(runs.runId, sql.placeholder('runId'))),
  )
}
