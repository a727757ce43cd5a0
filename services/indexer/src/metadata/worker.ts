/** Entry of a metadata worker process; the pool starts it. */
import { prepareWorker } from './prepare-worker.ts'
import { serveJobs } from './serve-jobs.ts'

serveJobs(prepareWorker)
