/** The messages between the pool and the thread that starts its workers. `id` is a worker's. */
import type { JobsMessage } from './jobs-message.ts'
import type { ReaderVersions } from './reader-versions.ts'
import type { WorkAt } from './work-at.ts'
import type { AnswersMessage } from './worker-message.ts'

/**
 * `workerData` of the thread. `folders`: paths below which workers may read. `answerMs`: how long a folder may take to
 * answer.
 */
export type LauncherOptions = { readonly folders: readonly string[]; readonly answerMs: number }

export type ToLauncher =
  | { readonly type: 'start'; readonly id: number; readonly module: string }
  | { readonly type: 'send'; readonly id: number; readonly jobs: JobsMessage }
  | { readonly type: 'dismiss' | 'kill' | 'abandon'; readonly id: number }

export type FromLauncher =
  /** The thread has restricted itself and starts workers. `isComplete`: they may read in all folders. */
  | { readonly type: 'begun'; readonly isComplete: boolean }
  /** A folder that had not answered when the thread began answers now. No worker of this thread may read there. */
  | { readonly type: 'late' }
  | { readonly type: 'started'; readonly id: number; readonly pid: number }
  | { readonly type: 'ready'; readonly id: number; readonly versions: ReaderVersions }
  | { readonly type: 'answers'; readonly id: number; readonly answers: AnswersMessage }
  | { readonly type: 'end'; readonly id: number; readonly reason: string; readonly at: WorkAt | null }
