/** The status row as lines for people. */
import type { StatusRow } from '@drive-feed/shared/schema.ts'

export type Progress = Pick<
  StatusRow,
  'state' | 'foldersListed' | 'foldersWaiting' | 'foldersPerSecond' | 'filesHashed' | 'filesWaiting' | 'filesPerSecond'
>

const BAR_LENGTH = 30
const BAR_LENGTH_MIN = 8
const number = new Intl.NumberFormat('en')

/** Whether nothing is left to scan or to hash. */
export function isUpToDate({ state, filesWaiting }: Progress): boolean {
  return state === 'watching' && filesWaiting === 0
}

/** Two bars, for a terminal of `columns`. */
export function progressBars(progress: Progress, columns: number): string[] {
  const scan = scanOf(progress)
  const metadata = metadataOf(progress)
  const perSecond = number.format(Math.round(metadata.perSecond))
  const texts = [
    `${describe(scan)} folders${left(scan)}`,
    `${describe(metadata)} files, ${perSecond}/s${left(metadata)}`,
  ]
  const room = Math.max(columns - 1, 10)
  // "Metadata  [" before the bar, "] 100%  " behind it.
  const length = Math.max(
    BAR_LENGTH_MIN,
    Math.min(BAR_LENGTH, room - 19 - Math.max(...texts.map((text) => text.length))),
  )
  return [`Scan      ${bar(scan, length)}  ${texts[0]}`, `Metadata  ${bar(metadata, length)}  ${texts[1]}`].map(
    (line) => line.slice(0, room),
  )
}

/** One line, for logs. */
export function progressLine(progress: Progress): string {
  return `scan: ${describe(scanOf(progress))} folders; metadata: ${describe(metadataOf(progress))} files`
}

type Part = { done: number; all: number; perSecond: number; isComplete: boolean }

/** `all` grows while folders are found, so the bar may go back. */
function scanOf({ state, foldersListed, foldersWaiting, foldersPerSecond }: Progress): Part {
  const isComplete = state === 'watching' && foldersWaiting === 0
  return { done: foldersListed, all: foldersListed + foldersWaiting, perSecond: foldersPerSecond, isComplete }
}

function metadataOf(progress: Progress): Part {
  const { filesHashed, filesWaiting, filesPerSecond } = progress
  return {
    ...{ done: filesHashed, all: filesHashed + filesWaiting, perSecond: filesPerSecond },
    isComplete: isUpToDate(progress),
  }
}

function describe({ done, all }: Part): string {
  return `${number.format(done)} of ${number.format(all)}`
}

/** At the speed of now, for what is known now. Nothing is said while there is no speed. */
function left({ done, all, perSecond, isComplete }: Part): string {
  if (isComplete || perSecond <= 0 || all <= done) return ''
  return `, ${shownSeconds((all - done) / perSecond)} left`
}

/** Rounded up, in the one unit that matters: "40 s", "3 min", "5 h", "2 days". */
function shownSeconds(seconds: number): string {
  if (seconds <= 90) return `${Math.max(1, Math.ceil(seconds))} s`
  if (seconds <= 90 * 60) return `${Math.ceil(seconds / 60)} min`
  const hours = Math.ceil(seconds / 3600)
  return hours <= 48 ? `${hours} h` : `${Math.ceil(hours / 24)} days`
}

/** 100 % is shown only when nothing is left. */
function bar({ done, all, isComplete }: Part, length: number): string {
  const share = isComplete ? 1 : all === 0 ? 0 : Math.min(done / all, 0.99)
  const filled = Math.floor(share * length)
  const percent = `${Math.floor(share * 100)}%`.padStart(4)
  return `[${'#'.repeat(filled)}${'.'.repeat(length - filled)}] ${percent}`
}
