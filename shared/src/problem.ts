/** What is not well and the owner can or must act upon, in words that programs know and words for people. */

/** Words for programs, with what each is about. They stay what they are: alerts are made of them. */
export const PROBLEM_CODES = {
  root_offline: 'A watched folder is missing, unreadable, or the same as another.',
  root_replaced: 'Another folder is where a watched one was.',
  root_empty: 'A watched folder is suddenly empty.',
  disk_away: 'A disk that was mounted inside a watched folder is not.',
  folders_unwatched: 'Folders have no inotify watch; what changes there is seen late.',
  folders_unreadable: 'Folders, or something in them, can not be read.',
  files_unreadable: 'Files can not be read; they have no hash.',
  files_failed: 'Files are malformed for a library that reads their metadata.',
  file_takes_long: 'A file is being read for over an hour; others of its size wait for it.',
  places_failing: 'Places or files were tried for over a minute without a result.',
  not_answering: 'A disk or server does not answer, and everything waits for it.',
  open_files: 'The process may not open as many files as it needs.',
  metadata_workers: 'The processes that read files can not start, or one is stuck.',
  wal_held: 'A program reads the database without an end, so that its log grows.',
  database: 'The database can not be written or read.',
  indexer_stopped: 'The indexer was stopped.',
  indexer_silent: 'The indexer was not heard of for two and a half minutes.',
} as const

export type ProblemCode = keyof typeof PROBLEM_CODES

/** What is wrong and where, and what to do: two parts of one sentence, which is `message`. */
export type Advice = { readonly text: string; readonly fix: string; readonly message: string }

/** Of an error whose sentence is all there is. */
export function adviceOfSentence(message: string): Advice {
  const [text = '', ...rest] = message.split('; ')
  return { text, fix: rest.length === 0 ? 'see the log' : rest.join('; '), message }
}

/** @param joint what stands between both in the sentence */
export function advice(text: string, fix: string, joint = '; '): Advice {
  return { text, fix, message: `${text}${joint}${fix}` }
}
