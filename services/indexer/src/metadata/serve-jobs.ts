/** A worker's loop: jobs in, answers out, nothing else. */
import type { Extract, Extraction, FileToRead } from './extract.ts'
import { decodeJobs, type JobsMessage } from './jobs-message.ts'
import type { ReaderVersions } from './reader-versions.ts'
import type { WorkNote } from './work-at.ts'
import { encodeAnswers, type WorkerMessage } from './worker-message.ts'

/** What reads the files, its versions, and the note of what it is at. */
export type Reader = { readonly extract: Extract; readonly versions: ReaderVersions; readonly note: WorkNote }

/**
 * Serves until the parent closes the channel. `prepare` makes the process ready and may throw: its message then goes to
 * the parent instead of `ready`, and the process ends.
 */
export function serveJobs(prepare: () => Reader): void {
  // Ctrl-C and a service manager's stop reach the whole process group. Only the parent decides when to stop.
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
  const { versions } = reader
  process.on('message', (message: JobsMessage) => serve(message, reader))
  tell({ type: 'ready', versions })
}

/**
 * Files that need MediaInfo come last, one by one: it may crash or compute for ever, and by then the other files of the
 * message have their answers.
 */
function serve(message: JobsMessage, { extract, note }: Reader): void {
  const files = decodeJobs(message)
  const answers: { row: number; extraction: Extraction }[] = []
  const heldBack: number[] = []
  note.message()
  for (const [row, file] of files.entries()) {
    note.row(row)
    const extraction = extract(file, message.trial, files.length > 1)
    if (extraction === null) heldBack.push(row)
    else answers.push({ row, extraction })
  }
  if (answers.length > 0) tell(encodeAnswers(answers, files.length))
  for (const row of heldBack) {
    note.row(row)
    const extraction = extract(files[row] as FileToRead, message.trial)
    tell(encodeAnswers([{ row, extraction }], files.length))
  }
}

/** A failure to send means that the parent is gone; `disconnect` follows. */
function tell(message: WorkerMessage, sent: () => void = () => {}): void {
  if (process.send === undefined) throw new Error('this is a worker process, started by the metadata pool')
  process.send(message, sent)
}
