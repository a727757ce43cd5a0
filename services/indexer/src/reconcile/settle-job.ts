/** Settles what the observer thread answered to a job, by its kind. */
import type { Job } from './looking/jobs.ts'
import { settleLimbo } from './removal/settle-limbo.ts'
import { removalTools } from './removal/tools.ts'
import { settleHints } from './settling/settle-hints.ts'
import { settleVisits } from './settling/settle-visits.ts'
import type { SettleJobTools } from './settling/tools.ts'

export async function settleJob(tools: SettleJobTools, job: Job): Promise<void> {
  const reply = await job.reply
  const exhausted = reply.answers.find((answer) => answer.kind === 'later' && answer.problem !== null)
  if (exhausted?.kind === 'later') tools.onExhausted(exhausted.problem ?? '')
  if (job.kind === 'hints') await settleHints(tools, job.groups, reply)
  else if (job.kind === 'visits') await settleVisits(tools, job.visits, reply)
  else await settleLimbo(removalTools(tools), job, reply)
}
