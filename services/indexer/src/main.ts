/** Entry of the indexer. Its work is in `service.ts`, which is imported once the compile cache is on. */
import { Worker } from 'node:worker_threads'
import { useCompileCache } from '@drive-feed/shared/compile-cache.ts'
import { ALLOW_OPEN_FILES, mayOpen, OPEN_FILES_MIN } from './process/open-files.ts'

if (!mayOpen(OPEN_FILES_MIN)) {
  process.stderr.write(`drive-feed indexer: ${OPEN_FILES_MIN} files can not be open at a time. ${ALLOW_OPEN_FILES}\n`)
  process.exit(1)
}
useCompileCache()
const startLookingThread = () =>
  // New objects live for one answer. A larger space for them would never shrink again.
  new Worker(new URL('./observer-thread.ts', import.meta.url), { resourceLimits: { maxYoungGenerationSizeMb: 12 } })
// The first thread starts while the rest is imported, which takes about as long.
let early: Worker | null = startLookingThread()
const { runService } = await import('./service.ts')
await runService(() => {
  const thread = early ?? startLookingThread()
  early = null
  return thread
})
