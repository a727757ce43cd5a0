/** Problems that the owner can or must act upon: codes for programs, and texts for people. */

/** Every code, and what it is about. A code never changes its name: alerts depend on it. */
export const PROBLEM_CODES = {
  root_offline: 'A watched folder is missing, unreadable, or the same as another.',
  root_replaced: 'Another folder is at the path of a watched one.',
  root_empty: 'A watched folder is suddenly empty.',
  disk_away: 'A disk that was mounted inside a watched folder is not mounted.',
  folders_unwatched: 'Folders have no inotify watch; changes in them are seen late.',
  folders_unreadable: 'Folders, or something in them, can not be read.',
  files_unreadable: 'Files can not be read; they have no hash.',
  files_failed: 'A library that reads metadata failed on files, for example because they are malformed.',
  file_takes_long: 'A file is being read for over an hour; others of its size wait for it.',
  places_failing: 'Places or files failed for over a minute.',
  not_answering: 'A disk or server does not answer, and everything waits for it.',
  open_files: 'The process may not open as many files as it needs.',
  metadata_workers: 'The processes that read files can not start, or one is stuck.',
  wal_held: 'A program keeps a read of the database open, so that its write-ahead log grows.',
  database: 'The database can not be written or read.',
  indexer_stopped: 'The indexer was stopped.',
  indexer_silent: 'The indexer has been silent for two and a half minutes.',
} as const

export type ProblemCode = keyof typeof PROBLEM_CODES

/** `text` is what is wrong, and where; `fix` is what to do. `message` is one sentence of both. */
export type ProblemText = { readonly text: string; readonly fix: string; readonly message: string }

/** Splits the message of an error at its first semicolon. */
export function problemTextOf(message: string): ProblemText {
  const [text = '', ...rest] = message.split('; ')
  return { text, fix: rest.length === 0 ? 'see the log' : rest.join('; '), message }
}

/** @param joint the text between `text` and `fix` in the message */
export function problemText(text: string, fix: string, joint = '; '): ProblemText {
  return { text, fix, message: `${text}${joint}${fix}` }
}
