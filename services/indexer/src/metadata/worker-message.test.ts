/**
 * Shows that jobs and results arrive as they were sent, through the serialization of a channel between two processes.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Extraction } from './extract.ts'
import { decodeJobs, encodeJobs } from './jobs-message.ts'
import type { MetadataJob } from './metadata-job.ts'
import { type AnswersMessage, decodeAnswers, encodeAnswers } from './worker-message.ts'

/** A message as the channel between two processes delivers it. */
function throughChannel<Message>(message: Message): Message {
  return JSON.parse(JSON.stringify(message)) as Message
}

const JOBS: MetadataJob[] = Array.from({ length: 5 }, (_, n) => ({
  nodeId: `${n}`,
  root: '/\udce9\n',
  path: `/\udce9\n/\0"${n}`,
  deviceNumber: '18446744073709551615',
  inode: '18446744073709551615',
  size: 2 ** 50,
  mtime: -1_876_544 + n,
}))

test('jobs arrive as they were sent, without the fields that a worker does not use', () => {
  const message = throughChannel(encodeJobs(JOBS, { effort: 'hash-only', computingMs: 500 }))
  assert.deepEqual(message.trial, { effort: 'hash-only', computingMs: 500 })
  assert.deepEqual(
    decodeJobs(message),
    JOBS.map(({ nodeId: _, ...file }) => file),
  )
})

test('answers of every kind arrive as they were given, with their jobs', () => {
  const metadata = {
    hash: 'd41d8cd98f00b204e9800998ecf8427e',
    mimeType: 'video/mp4',
    isImage: false,
    isVideo: true,
    width: 640,
    height: 360,
    msDuration: 3000,
  }
  const extractions: Extraction[] = [
    { kind: 'done', metadata, problem: null },
    { kind: 'done', metadata: { ...metadata, mimeType: 'image/png', isImage: true, isVideo: false }, problem: 'p' },
    { kind: 'changed' },
    { kind: 'gone' },
    { kind: 'unreadable', problem: 'EIO: i/o error' },
  ]
  const rows = extractions.map((extraction, row) => ({ row, extraction }))
  const answers: AnswersMessage = throughChannel(encodeAnswers(rows, JOBS.length))
  const expected = extractions.map((extraction, row) => ({ ...extraction, job: JOBS[row] }))
  assert.deepEqual([...decodeAnswers(answers, JOBS).values()], expected)
  assert.throws(() => decodeAnswers(answers, JOBS.slice(1)), /another message/)
  const part = throughChannel(encodeAnswers([rows[4], rows[1]] as typeof rows, JOBS.length))
  assert.deepEqual(
    [...decodeAnswers(part, JOBS)],
    [
      [4, expected[4]],
      [1, expected[1]],
    ],
    'some of them, in any order',
  )
})
