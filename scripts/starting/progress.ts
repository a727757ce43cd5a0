/** The status row as lines for people. */
import type { StatusRow } from '@drive-feed/shared/schema.ts'

export type Progress = Pick<StatusRow, 'state' | 'foldersListed' | 'foldersWaiting' | 'filesHashed' | 'filesWaiting'>

const BAR_LENGTH = 30
const number = new Intl.NumberFormat('en')

/** Whether nothing is left to scan or to hash. */
export function isUpToDate({ state, filesWaiting }: Progress): boolean {
  return state === 'watching' && filesWaiting === 0
}

/** Two bars, for a terminal of `columns`; `elapsedMs` since the indexer started. */
export function progressBars(progress: Progress, elapsedMs: number, columns: number): string[] {
  const scan = scanOf(progress)
  const metadata = metadataOf(progress)
  const perSecond = elapsedMs > 0 ? Math.round((metadata.done * 1000) / elapsedMs) : 0
  return [
    `Scan      ${bar(scan)}  ${describe(scan)} folders`,
    `Metadata  ${bar(metadata)}  ${describe(metadata)} files, ${number.format(perSecond)}/s`,
  ].map((line) => line.slice(0, Math.max(columns - 1, 10)))
}

/** One line, for logs. */
export function progressLine(progress: Progress): string {
  return `scan: ${describe(scanOf(progress))} folders; metadata: ${describe(metadataOf(progress))} files`
}

type Part = { done: number; all: number; isComplete: boolean }

/** `all` grows while folders are found, so the bar may go back. */
function scanOf({ state, foldersListed, foldersWaiting }: Progress): Part {
  const isComplete = state === 'watching' && foldersWaiting === 0
  return { done: foldersListed, all: foldersListed + foldersWaiting, isComplete }
}

function metadataOf(progress: Progress): Part {
  const { filesHashed, filesWaiting } = progress
  return { done: filesHashed, all: filesHashed + filesWaiting, isComplete: isUpToDate(progress) }
}

function describe({ done, all }: Part): string {
  return `${number.format(done)} of ${number.format(all)}`
}

/** 100 % is shown only when nothing is left. */
function bar({ done, all, isComplete }: Part): string {
  const share = isComplete ? 1 : all === 0 ? 0 : Math.min(done / all, 0.99)
  const filled = Math.floor(share * BAR_LENGTH)
  const percent = `${Math.floor(share * 100)}%`.padStart(4)
  return `[${'#'.repeat(filled)}${'.'.repeat(BAR_LENGTH - filled)}] ${percent}`
}
