/** The whole indexer inside this process, whose main thread the test can keep busy: what waits then has its limits. */
import assert from 'node:assert/strict'
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { loadConfig } from '@drive-feed/shared/config.ts'
import pino from 'pino'
import { temporaryFolder } from '../../../shared/test-support/temporary-folder.ts'
import { openStore } from '../test-support/open-store.ts'
import { waitFor } from '../test-support/wait-for.ts'
import { createIndexer, type Indexer, type IndexerParts } from './indexer.ts'

async function startIndexer(t: TestContext, limits: IndexerParts['limits']) {
  const folder = temporaryFolder(t)
  const media = join(folder, 'media')
  mkdirSync(media)
  const configPath = join(folder, 'config.yaml')
  writeFileSync(configPath, JSON.stringify({ database_url: join(folder, 'feed.db'), watches: { media } }))
  const crashes: Error[] = []
  let indexer: Indexer | null = null
  // Before the database is closed.
  t.after(async () => {
    await indexer?.stop('orderly')
    assert.deepEqual(crashes, [])
  })
  const { db } = openStore(t)
  const { sqlite } = db
  const lookingThread = new Worker(new URL('./observer-thread.ts', import.meta.url))
  const config = loadConfig(configPath, { checkFolders: false })
  const parts = {
    config,
    db,
    log: pino({ enabled: false }),
    lookingThread,
    ...(limits === undefined ? {} : { limits }),
  }
  indexer = createIndexer(parts, (error) => crashes.push(error))
  void indexer.run()
  await waitFor(
    'the first scan',
    () => sqlite.prepare("SELECT 1 FROM watch_roots WHERE state = 'watching'").get() !== undefined,
  )
  return {
    media,
    count: (query: string) => sqlite.prepare<[], number>(`SELECT count(*) FROM ${query}`).pluck().get() ?? 0,
    overflows: () => sqlite.prepare<[], number>('SELECT overflows FROM status').pluck().get() ?? 0,
  }
}

const CASES = {
  'I9: events beyond what may wait are let go, and what they told is found by a scan': { backlogBytesMax: 4096 },
  'I9: places beyond what may wait are let go, and found by a scan': { hintsMax: 100 },
}

for (const [what, limits] of Object.entries(CASES)) {
  test(what, async (t) => {
    const { media, count, overflows } = await startIndexer(t, limits)
    // Nothing is taken in while this goes on.
    for (let n = 0; n < 1_000; n += 1) {
      mkdirSync(join(media, `folder-${n}`))
      writeFileSync(join(media, `folder-${n}`, 'file'), `${n}`)
    }
    for (let n = 0; n < 1_000; n += 2) renameSync(join(media, `folder-${n}`), join(media, `renamed-${n}`))
    await waitFor('all files', () => count("nodes WHERE name = 'file'") === 1_000)
    await waitFor('all new names', () => count("nodes WHERE name LIKE 'renamed-%'") === 500)
    await waitFor('no old name', () => count("nodes WHERE name LIKE 'folder-%'") === 500)
    await waitFor('the loss to be counted', () => overflows() > 0)
    for (let n = 0; n < 1_000; n += 2) rmSync(join(media, `renamed-${n}`), { recursive: true })
    await waitFor('half of the files', () => count("nodes WHERE name = 'file'") === 500)
  })
}
