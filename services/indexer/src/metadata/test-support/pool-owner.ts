/** A process that has a pool and can be killed: gives it the jobs it is sent, and tells when there are results. */
import type { MetadataJob } from '../metadata-job.ts'
import { createMetadataPool } from '../pool.ts'

process.once('message', ({ jobs, workerModule }: { jobs: MetadataJob[]; workerModule: string }) => {
  const onResults = () => process.send?.('results')
  createMetadataPool({ workers: 1, workerModule, onResults, onProblem: () => {} }).submit(jobs)
})
