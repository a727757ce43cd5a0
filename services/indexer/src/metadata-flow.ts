/**
 * From waiting rows to stored metadata: what is given to the workers, which of their answers are stored, and when a
 * file is tried again that had no answer.
 */

import type { Logger } from '@drive-feed/shared/logger.ts'
import type { FailureLog } from './metadata/failure-log.ts'
import { type Answered, createFeeder, type Feeder, type WaitingFile } from './metadata/feeder.ts'
import type { MetadataJob, MetadataResult } from './metadata/metadata-job.ts'
import type { MetadataPool } from './metadata/pool.ts'
import type { ReadingRetries } from './metadata/reading-retries.ts'
import { BIG_FILE_BYTES } from './metadata/task.ts'
import { createVersionWatch, type VersionWatch } from './metadata/version-watch.ts'
import { pathOf, type Tree } from './model/folder-tree.ts'
import type { KnownNode } from './model/known-node.ts'
import type { Root } from './reconcile/roots/root.ts'
import type { MetadataFinding } from './store/metadata-writer.ts'
import type { NodeQueries, Waiting } from './store/node-queries.ts'
import type { ReadAgain } from './store/read-again.ts'
import type { Store } from './store/store.ts'

export type MetadataFlowTools = {
  readonly pool: Pick<MetadataPool, 'room' | 'bigRoom' | 'hugeRoom' | 'submit'>
  readonly store: Pick<Store, 'saveMetadata' | 'saveAgain' | 'postpone'> & {
    readonly known: Pick<NodeQueries, 'waiting' | 'toAskAgain' | 'nextDueMs' | 'byId' | 'pathOf'>
  }
  readonly tree: Pick<Tree, 'get'>
  readonly retries: Pick<ReadingRetries, 'next' | 'settled'>
  readonly failures: Pick<FailureLog, 'take'>
  /** The root that a path is in; undefined if it is in none. */
  readonly rootAt: (path: string) => { readonly path: string; readonly state: Pick<Root['state'], 'kind'> } | undefined
  /** A device's `st_dev` of now, see `devices.ts`. */
  readonly deviceNumberOf: (device: string) => string
  /**
   * Whether another row with the inode number of a file that was read is another name of that file, see
   * `number-trust.ts`.
   */
  readonly carriesHash: (row: KnownNode) => boolean
  /** Has the place of a row looked at, since the file there is not the one that was to be read. */
  readonly lookAt: (row: KnownNode) => void
  readonly nowMs: () => number
}

/** A file in state `again` that is missing or can't be read waits so long, or until the next scan. */
const AGAIN_AFTER_MS = 3_600_000

export function createMetadataFlow(tools: MetadataFlowTools): Feeder {
  const { store, retries, nowMs } = tools
  const { known } = store
  const isAway = ({ path }: MetadataJob) => tools.rootAt(path)?.state.kind === 'offline'
  const hasSameBytes = (nodeId: string) => {
    const row = known.byId(nodeId)
    return row !== undefined && tools.carriesHash(row)
  }
  /** Has places looked at whose file is no longer the one that was to be read. */
  const lookAtOthers = (results: readonly Answered[]) => {
    for (const { result } of results) {
      const { kind, job } = result
      if ((kind !== 'changed' && kind !== 'gone') || isAway(job)) continue
      const row = known.byId(job.nodeId)
      if (row !== undefined) tools.lookAt(row)
    }
  }
  return createFeeder({
    pool: tools.pool,
    bigFileBytes: BIG_FILE_BYTES,
    waiting: (now, limit, sizeBelow) => placed(tools, known.waiting(now, limit, sizeBelow)),
    toAskAgain: (now, limit) =>
      placed(tools, known.toAskAgain(now, limit)).map((file) => ({ ...file, knownHash: file.hash })),
    nextDueMs: known.nextDueMs,
    save: (results) => {
      for (const { result } of results) tools.failures.take(result)
      const pausesMs = results.map(({ result }) => pauseAfter(result, retries))
      const findings = results.map(({ result, askedMs }, at) => {
        const dueMs = Math.floor(nowMs() + (pausesMs[at] ?? 0))
        return findingOf(result, askedMs, { dueMs, isAway: isAway(result.job) })
      })
      const saved = store.saveMetadata(findings, hasSameBytes)
      for (const [at, { result }] of results.entries()) {
        const pauseMs = pausesMs[at] ?? null
        // A file that is read again and again without being stored gets a pause too, one for each try, whatever the
        // reason.
        if (saved[at] === false)
          store.postpone(result.job.nodeId, nowMs() + (pauseMs ?? retries.next(result.job, 'busy')))
        else if (pauseMs === null) retries.settled(result.job)
      }
      lookAtOthers(results)
    },
    saveAgain: (results) => {
      for (const { result } of results) tools.failures.take(result)
      const dueMs = Math.floor(nowMs() + AGAIN_AFTER_MS)
      const findings = results.map(({ result, askedMs }) => findingOf(result, askedMs, { dueMs, isAway: false }))
      store.saveAgain(findings, dueMs, hasSameBytes)
      lookAtOthers(results)
    },
    nowMs,
  })
}

/** Files with the places where they are now. A file below no root is left out. */
function placed(tools: MetadataFlowTools, files: readonly Waiting[]): (WaitingFile & Waiting)[] {
  return files.flatMap((file) => {
    const folder = folderPath(tools, file.parentId)
    if (folder === null) return []
    const path = `${folder}/${file.name}`
    const root = tools.rootAt(path)?.path ?? folder
    return [{ ...file, root, path, deviceNumber: deviceNumberNow(tools, file.device) }]
  })
}

function folderPath({ tree, store }: MetadataFlowTools, folderId: string): string | null {
  const folder = tree.get(folderId)
  return folder === undefined ? store.known.pathOf(folderId) : pathOf(folder)
}

/** A device's `st_dev`; empty if the device was not met in this run. */
function deviceNumberNow({ deviceNumberOf }: MetadataFlowTools, device: string): string {
  const number = deviceNumberOf(device)
  return /^\d+$/.test(number) ? number : ''
}

/** How long a file that could not be read now is left alone, ms; null if it has a result. */
function pauseAfter(result: MetadataResult, retries: MetadataFlowTools['retries']): number | null {
  const { kind, job } = result
  if (kind === 'later') return result.afterMs
  if (kind === 'busy') return retries.next(job, 'busy')
  if (kind === 'changed' || kind === 'gone') return retries.next(job, 'changed')
  return null
}

/** @param isAway whether the file's root is offline, so that its path says nothing about the file */
function findingOf(
  result: MetadataResult,
  askedMs: number,
  { dueMs, isAway }: { readonly dueMs: number; readonly isAway: boolean },
): MetadataFinding {
  const bytes = { ...result.job, askedMs }
  switch (result.kind) {
    case 'done':
      return { kind: 'found', bytes, metadata: result.metadata, problem: result.problem }
    case 'failed':
    case 'unreadable':
      return { kind: result.kind, bytes, problem: result.problem }
    default:
      // The scan at the root's return asks for every file again, so not before.
      if (isAway) return { kind: 'unreadable', bytes, problem: 'its watched folder is offline' }
      return { kind: 'later', bytes, dueMs }
  }
}

export type VersionTools = {
  readonly readAgain: ReadAgain
  readonly log: Pick<Logger, 'info'>
  /** Some files were marked. */
  readonly onMarked: () => void
}

/** Has files asked for again that other versions than those of now have read. */
export function createVersions({ readAgain, log, onMarked }: VersionTools): VersionWatch {
  return createVersionWatch({
    noted: readAgain.readers,
    note: readAgain.saveReaders,
    markSome: readAgain.markSome,
    onMarked,
    onOther: (before, now) =>
      log.info(
        { before, now },
        'other versions of the libraries or rules read files now; files whose type or size may differ are asked for again',
      ),
  })
}
