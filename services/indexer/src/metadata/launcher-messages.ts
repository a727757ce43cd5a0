/** What the pool and the thread that starts its workers tell each other. `id`: of a worker. */
import type { JobsMessage } from './jobs-message.ts'
import type { ReaderVersions } from './reader-versions.ts'
import type { WorkAt } from './work-at.ts'
import type { AnswersMessage } from './worker-message.ts'

/** `workerData` of the thread. `folders`: paths below which workers may read. `answerMs`: how long one may take to answer. */
export type LauncherOptions = { readonly folders: readonly string[]; readonly answerMs: number }

export type ToLauncher =
  | { readonly type: 'start'; readonly id: number; readonly module: string }
  | { readonly type: 'send'; readonly id: number; readonly jobs: JobsMessage }
  | { readonly type: 'dismiss' | 'kill' | 'abandon'; readonly id: number }

export type FromLauncher =
  /** It has given up what it is to give up, and starts workers. `isComplete`: which may read in all folders. */
  | { readonly type: 'begun'; readonly isComplete: boolean }
  /** A folder that had not answered when the thread began does so now: nobody it starts may read there. */
  | { readonly type: 'late' }
  | { readonly type: 'started'; readonly id: number; readonly pid: number }
  | { readonly type: 'ready'; readonly id: number; readonly versions: ReaderVersions }
  | { readonly type: 'answers'; readonly id: number; readonly answers: AnswersMessage }
  | { readonly type: 'end'; readonly id: number; readonly reason: string; readonly at: WorkAt | null }
