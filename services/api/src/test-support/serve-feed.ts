import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import pino from 'pino'
import { createApp } from '../app.ts'
import { createDatabaseSource } from '../database-source.ts'
import { listen, stop } from '../http-server.ts'

export type ServedFeed = {
  readonly url: string
  /** Lines of the log, from `info` up. */
  readonly log: readonly { readonly level: number; readonly msg: string }[]
}

/** The app on a free port, until the test is over. */
export async function serveFeed(t: TestContext, path: string): Promise<ServedFeed> {
  const log: { level: number; msg: string }[] = []
  const logger = pino({}, { write: (line: string) => void log.push(JSON.parse(line)) })
  const database = createDatabaseSource(path, logger)
  const server = await listen(createApp({ database, logger }), { host: '127.0.0.1', port: 0 })
  t.after(async () => {
    server.closeAllConnections()
    await stop(server)
    database.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1`, log }
}
