/** The messages from a worker to its parent. */
import type { Extraction } from './extract.ts'
import { mediaKind } from './media-kind.ts'
import type { MetadataJob, MetadataResult } from './metadata-job.ts'
import type { ReaderVersions } from './reader-versions.ts'

/**
 * First comes `ready`, or `unusable` and the end. Then come `answers` to one message of jobs after the other, each file
 * once. Answers are columns like the jobs (see `jobs-message.ts`); a column says nothing if the kind has no such field.
 */
export type WorkerMessage =
  | { readonly type: 'ready'; readonly versions: ReaderVersions }
  | { readonly type: 'unusable'; readonly problem: string }
  | AnswersMessage

export type AnswersMessage = {
  readonly type: 'answers'
  /** The files of the message that the answers are about, from 0; null for all of them, in order. */
  readonly rows: readonly number[] | null
  readonly kinds: readonly Extraction['kind'][]
  readonly hashes: readonly string[]
  readonly mimeTypes: readonly string[]
  readonly widths: readonly number[]
  readonly heights: readonly number[]
  readonly msDurations: readonly number[]
  readonly problems: readonly (string | null)[]
}

/** @param files how many files the answered message has */
export function encodeAnswers(
  answers: readonly { readonly row: number; readonly extraction: Extraction }[],
  files: number,
): AnswersMessage {
  const extractions = answers.map(({ extraction }) => extraction)
  const found = extractions.map((one) => (one.kind === 'done' ? one.metadata : null))
  return {
    type: 'answers',
    rows: answers.length === files ? null : answers.map(({ row }) => row),
    kinds: extractions.map(({ kind }) => kind),
    hashes: found.map((metadata) => metadata?.hash ?? ''),
    mimeTypes: found.map((metadata) => metadata?.mimeType ?? ''),
    widths: found.map((metadata) => metadata?.width ?? 0),
    heights: found.map((metadata) => metadata?.height ?? 0),
    msDurations: found.map((metadata) => metadata?.msDuration ?? 0),
    problems: extractions.map((one) => ('problem' in one ? one.problem : null)),
  }
}

/** Gives results by row. `jobs` are those of the answered message. */
export function decodeAnswers(answers: AnswersMessage, jobs: readonly MetadataJob[]): Map<number, MetadataResult> {
  const rows = answers.rows ?? jobs.map((_, row) => row)
  if (answers.kinds.length !== rows.length) throw new Error('a metadata worker answered another message')
  return new Map(rows.map((row, at) => [row, decodeAnswer(answers, at, jobs[row] as MetadataJob)]))
}

function decodeAnswer(answers: AnswersMessage, at: number, job: MetadataJob): MetadataResult {
  const kind = answers.kinds[at] as Extraction['kind']
  const problem = answers.problems[at] as string | null
  if (kind === 'unreadable' || kind === 'busy') return { kind, job, problem: problem ?? '' }
  if (kind !== 'done') return { kind, job }
  const mimeType = answers.mimeTypes[at] as string
  const metadata = {
    hash: answers.hashes[at] as string,
    mimeType,
    ...mediaKind(mimeType),
    width: answers.widths[at] as number,
    height: answers.heights[at] as number,
    msDuration: answers.msDurations[at] as number,
  }
  return { kind, job, metadata, problem }
}
