/** Settles the observer thread's answer to a job, by the kind of the job. */
import type { Job } from './looking/jobs.ts'
import { settleLimbo } from './removal/settle-limbo.ts'
import type { RemovalTools } from './removal/tools.ts'
import { settleHints } from './settling/settle-hints.ts'
import { settleVisits } from './settling/settle-visits.ts'
import type { SettlingTools } from './settling/tools.ts'

export type SettleJobTools = {
  readonly settling: SettlingTools
  readonly removal: RemovalTools
  /** A look was put off because the system is out of file descriptors or memory. */
  readonly onExhausted: (problem: string) => void
}

export async function settleJob({ settling, removal, onExhausted }: SettleJobTools, job: Job): Promise<void> {
  const reply = await job.reply
  const exhausted = reply.answers.find((answer) => answer.kind === 'later' && answer.problem !== null)
  if (exhausted?.kind === 'later') onExhausted(exhausted.problem ?? '')
  if (job.kind === 'hints') await settleHints(settling, job.groups, reply)
  else if (job.kind === 'visits') await settleVisits(settling, job.visits, reply)
  else await settleLimbo(removal, job, reply)
}
