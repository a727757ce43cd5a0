/** A process with a pool, which can be killed: it submits the jobs that it is sent, and reports when results come. */
import type { MetadataJob } from '../metadata-job.ts'
import { createMetadataPool } from '../pool.ts'

process.once('message', ({ jobs, workerModule }: { jobs: MetadataJob[]; workerModule: string }) => {
  const onResults = () => process.send?.('results')
  createMetadataPool({ workers: 1, workerModule, onResults, onProblem: () => {} }).submit(jobs)
})
