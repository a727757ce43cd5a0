/** The indexer with a faster pace: what takes minutes with few watches takes seconds. */
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { loadConfig } from '@drive-feed/shared/config/config.ts'
import { createLogger } from '@drive-feed/shared/logger.ts'
import { openWriter } from '@drive-feed/shared/open-database.ts'
import { createIndexer } from '../../services/indexer/src/indexer.ts'

const { values } = parseArgs({ options: { config: { type: 'string', default: '' } } })
const config = loadConfig(values.config, { checkFolders: { isKnown: () => true } })
const log = createLogger({ name: 'indexer', path: null, level: 'info' })
const db = openWriter(config.databasePath)
const observerThread = new Worker(new URL('../../services/indexer/src/observer-thread.ts', import.meta.url))
const crash = (error: unknown) => {
  log.fatal({ err: error }, 'crashed')
  process.exit(70)
}
log.info('started')
const limits = { pace: { slotMs: 3_000, slotsMax: 3, quietSeconds: 4 } }
const indexer = createIndexer({ config, db, log, observerThread, limits }, crash)
process.on('SIGTERM', () => void indexer.stop('orderly').then(() => process.exit(0)))
indexer.run().catch(crash)
