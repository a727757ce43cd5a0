/** Entry of a metadata worker process; the pool starts it. */
import { confineWorker, prepareWorker } from './prepare-worker.ts'
import { serveJobs } from './serve-jobs.ts'

serveJobs(() => {
  const reader = prepareWorker()
  confineWorker()
  return reader
})
