/** A database that the test writes, with the config that names it: for subcommands that only read. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { VERSION } from '@drive-feed/shared/version.ts'
import { openFeedWriter } from './feed-writer.ts'
import { freePort } from './free-port.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** Watches `media` at /mnt/media, as an indexer that was heard of now. Nothing listens at the port. */
export async function feedFolder(t: TestContext) {
  const folder = temporaryFolder(t)
  const [databasePath, configPath] = [join(folder, 'feed.db'), join(folder, 'server.yaml')]
  const config = { port: await freePort(), database_url: databasePath, watches: { media: '/mnt/media' } }
  writeFileSync(configPath, JSON.stringify(config))
  const feed = openFeedWriter(databasePath)
  t.after(() => feed.close())
  feed.watch('media', '/mnt/media')
  feed.put({ id: 'media', isDirectory: true })
  const setStatus = (values: Readonly<Record<string, string | number>>) => {
    const row = { state: 'watching', version: VERSION, started_ms: Date.now(), heartbeat_ms: Date.now(), ...values }
    const zeros = [
      'folders_listed',
      'folders_waiting',
      'files_waiting',
      'files_failed',
      'lag_ms',
      'overflows',
      'rescans',
    ]
    const all = { ...Object.fromEntries([...zeros, 'files_hashed'].map((name) => [name, 0])), ...row }
    const names = Object.keys(all)
    const places = names.map((name) => `:${name}`)
    feed.sqlite
      .prepare(`INSERT OR REPLACE INTO status (id, ${names.join(', ')}) VALUES (1, ${places.join(', ')})`)
      .run(all)
  }
  return { folder, databasePath, configPath, config, feed, setStatus }
}
