/** A worker's loop: jobs in, answers out, in order, nothing else. */
import type { Extract } from './extract.ts'
import { decodeJobs, type JobsMessage } from './jobs-message.ts'
import type { ReaderVersions } from './reader-versions.ts'
import { encodeAnswers, type WorkerMessage } from './worker-message.ts'

/** Reads files, with these versions. */
export type Reader = { readonly extract: Extract; readonly versions: ReaderVersions }

/**
 * Serves until the parent closes the channel. `prepare` makes the process ready and may throw: its message then goes to
 * the parent instead of `ready`, and the process ends.
 */
export function serveJobs(prepare: () => Reader): void {
  // Ctrl-C and a service manager's stop reach the whole group; when to stop is the parent's decision.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {})
  process.on('disconnect', () => process.exit(0))

  let reader: Reader
  try {
    reader = prepare()
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error)
    tell({ type: 'unusable', problem }, () => process.exit(1))
    return
  }
  const { extract, versions } = reader
  process.on('message', (message: JobsMessage) => {
    tell(encodeAnswers(decodeJobs(message).map((file) => extract(file, message.trial))))
  })
  tell({ type: 'ready', versions })
}

/** A failure to send means that the parent is gone; `disconnect` follows. */
function tell(message: WorkerMessage, sent: () => void = () => {}): void {
  if (process.send === undefined) throw new Error('this is a worker process, started by the metadata pool')
  process.send(message, sent)
}
