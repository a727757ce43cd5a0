/** Whether an indexer runs that takes what a command leaves for it, and waiting for what it does. */
import { setTimeout as sleep } from 'node:timers/promises'
import { gt } from '@drive-feed/shared/drizzle.ts'
import { heartbeatAgeMs } from '@drive-feed/shared/heartbeat.ts'
import type { FeedDatabase } from '@drive-feed/shared/open-database.ts'
import { type StatusRow, status, watchRoots } from '@drive-feed/shared/schema.ts'

/** The indexer writes its status row at least once a minute. */
const HEARTBEAT_MAX_MS = 120_000
const POLL_MS = 200

export function isIndexerRunning({ orm }: FeedDatabase): boolean {
  const row: StatusRow | undefined = orm.select().from(status).get()
  const isOfNow = (ms: number) => heartbeatAgeMs(ms, Date.now()) < HEARTBEAT_MAX_MS
  if (row !== undefined && row.state !== 'stopped') return isOfNow(row.heartbeatMs)
  // An indexer that has just started writes its roots first.
  const later = orm
    .select()
    .from(watchRoots)
    .where(gt(watchRoots.stateSinceMs, row?.heartbeatMs ?? 0))
    .all()
  return later.some(({ stateSinceMs }) => isOfNow(stateSinceMs))
}

/** Whether the condition came true within this time. */
export async function within(limitMs: number, condition: () => boolean): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < limitMs; waitedMs += POLL_MS) {
    if (condition()) return true
    await sleep(POLL_MS)
  }
  return condition()
}
