/** The small tables beside the feed: watch roots, devices, status. */

import { asc, eq } from '@drive-feed/shared/drizzle.ts'
import type { FeedDatabase } from '@drive-feed/shared/open-database.ts'
import {
  type DeviceRow,
  devices,
  type ProblemRow,
  problems,
  status,
  type WatchRootRow,
  watchRoots,
} from '@drive-feed/shared/schema.ts'
import { shownText } from '@drive-feed/shared/shown-text.ts'

export type Bookkeeping = {
  readonly roots: () => WatchRootRow[]
  readonly saveRoot: (row: WatchRootRow) => void
  readonly removeRoot: (name: string) => void
  readonly devices: () => DeviceRow[]
  readonly saveDevice: (row: DeviceRow) => void
  /** Refreshes the one status row; `id` is filled in. */
  readonly saveStatus: (row: Omit<typeof status.$inferInsert, 'id'>) => void
  readonly problems: () => ProblemRow[]
  /** Replaces all rows by these. */
  readonly saveProblems: (rows: readonly ProblemRow[]) => void
  /** Frees SQLite's page cache, which fills again as pages are read. */
  readonly shrinkMemory: () => void
}

export function createBookkeeping({ orm, sqlite }: FeedDatabase): Bookkeeping {
  return {
    roots: () => orm.select().from(watchRoots).all(),
    saveRoot: ({ message, ...others }) => {
      // People read messages on terminals, and a message may hold a file's name.
      const row = { ...others, message: message === null ? null : shownText(message) }
      orm.insert(watchRoots).values(row).onConflictDoUpdate({ target: watchRoots.name, set: row }).run()
    },
    removeRoot: (name) => {
      orm.delete(watchRoots).where(eq(watchRoots.name, name)).run()
    },
    devices: () => orm.select().from(devices).all(),
    saveDevice: (row) => {
      orm.insert(devices).values(row).onConflictDoUpdate({ target: devices.device, set: row }).run()
    },
    saveStatus: (row) => {
      orm
        .insert(status)
        .values({ id: 1, ...row })
        .onConflictDoUpdate({ target: status.id, set: row })
        .run()
    },
    problems: () => orm.select().from(problems).orderBy(asc(problems.id)).all(),
    saveProblems: sqlite.transaction((rows: readonly ProblemRow[]) => {
      orm.delete(problems).run()
      // For the same reason as above.
      for (const row of rows) {
        const shown = { text: shownText(row.text), fix: shownText(row.fix) }
        orm
          .insert(problems)
          .values({ ...row, ...shown })
          .run()
      }
    }),
    shrinkMemory: () => {
      sqlite.pragma('shrink_memory')
    },
  }
}
