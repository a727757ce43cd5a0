/** What a worker tells its parent. */
import type { Extraction } from './extract.ts'
import { mediaKind } from './media-kind.ts'
import type { MetadataJob, MetadataResult } from './metadata-job.ts'
import type { ReaderVersions } from './reader-versions.ts'

/**
 * First `ready`, or `unusable` and the end; then one `answers` for each message of jobs, in order. Answers are columns
 * like the jobs (see `jobs-message.ts`); a column says nothing where the kind has no such field.
 */
export type WorkerMessage =
  | { readonly type: 'ready'; readonly versions: ReaderVersions }
  | { readonly type: 'unusable'; readonly problem: string }
  | AnswersMessage

export type AnswersMessage = {
  readonly type: 'answers'
  readonly kinds: readonly Extraction['kind'][]
  readonly hashes: readonly string[]
  readonly mimeTypes: readonly string[]
  readonly widths: readonly number[]
  readonly heights: readonly number[]
  readonly msDurations: readonly number[]
  readonly problems: readonly (string | null)[]
}

export function encodeAnswers(extractions: readonly Extraction[]): AnswersMessage {
  const found = extractions.map((one) => (one.kind === 'done' ? one.metadata : null))
  return {
    type: 'answers',
    kinds: extractions.map(({ kind }) => kind),
    hashes: found.map((metadata) => metadata?.hash ?? ''),
    mimeTypes: found.map((metadata) => metadata?.mimeType ?? ''),
    widths: found.map((metadata) => metadata?.width ?? 0),
    heights: found.map((metadata) => metadata?.height ?? 0),
    msDurations: found.map((metadata) => metadata?.msDuration ?? 0),
    problems: extractions.map((one) => ('problem' in one ? one.problem : null)),
  }
}

/** `jobs` are those of the message that is answered. */
export function decodeAnswers(answers: AnswersMessage, jobs: readonly MetadataJob[]): MetadataResult[] {
  if (answers.kinds.length !== jobs.length) throw new Error('a metadata worker answered another message')
  return jobs.map((job, row) => decodeAnswer(answers, row, job))
}

function decodeAnswer(answers: AnswersMessage, row: number, job: MetadataJob): MetadataResult {
  const kind = answers.kinds[row] as Extraction['kind']
  const problem = answers.problems[row] as string | null
  if (kind === 'unreadable' || kind === 'busy') return { kind, job, problem: problem ?? '' }
  if (kind !== 'done') return { kind, job }
  const mimeType = answers.mimeTypes[row] as string
  const metadata = {
    hash: answers.hashes[row] as string,
    mimeType,
    ...mediaKind(mimeType),
    width: answers.widths[row] as number,
    height: answers.heights[row] as number,
    msDuration: answers.msDurations[row] as number,
  }
  return { kind, job, metadata, problem }
}
