/** The status as lines for people. */
import type { Problem } from '@drive-feed/shared/feed-health.ts'
import { remainingSeconds } from '@drive-feed/shared/feed-health.ts'
import type { StatusRow, WatchRootRow } from '@drive-feed/shared/schema.ts'
import { shownPath } from '@drive-feed/shared/shown-path.ts'
import { shownText } from '@drive-feed/shared/shown-text.ts'
import { shownBytes } from './sizes.ts'

export type RootStatus = WatchRootRow & { readonly files: number; readonly bytes: bigint }

export type StatusView = {
  readonly state: StatusRow['state'] | 'degraded'
  readonly status: StatusRow
  readonly roots: readonly RootStatus[]
  readonly problems: readonly Problem[]
  readonly api: ApiAnswer
  readonly nowMs: number
}

/** `version`: null if another program answers, or one that serves another database. */
export type ApiAnswer = { readonly url: string; readonly isAnswering: boolean; readonly version: string | null }

const number = new Intl.NumberFormat('en')

const STATES: Readonly<Record<StatusView['state'], string>> = {
  starting: 'The indexer is starting.',
  scanning: 'The watched folders are being compared with the database.',
  watching: 'Watching for changes.',
  degraded: 'Not all is well, see below.',
  stopped: 'No indexer is running.',
}

export function statusLines(view: StatusView): string[] {
  const { state, status, roots, problems, nowMs } = view
  return [
    STATES[state],
    '',
    `Indexer  ${shownText(status.version)}, started ${ago(nowMs - status.startedMs)} ago, last heard of ${ago(nowMs - status.heartbeatMs)} ago`,
    `Api      ${apiLine(view.api)}`,
    ...progressLines(status),
    '',
    ...rootLines(roots, problems),
    ...problems.flatMap(problemLines),
  ]
}

function apiLine({ url, isAnswering, version }: ApiAnswer): string {
  if (!isAnswering) return `no answer from here at ${url}`
  return version === null ? `another program answers at ${url}` : `${shownText(version)} answers at ${url}`
}

function progressLines(status: StatusRow): string[] {
  if (status.state === 'stopped') return []
  const { foldersListed, foldersWaiting, foldersPerSecond, filesHashed, filesWaiting, filesPerSecond } = status
  const isScanning = status.state !== 'watching'
  const scan = isScanning ? [`Scan     ${progress('folders', foldersListed, foldersWaiting, foldersPerSecond)}`] : []
  return [...scan, `Files    ${progress('files', filesHashed, filesWaiting, filesPerSecond)}`]
}

function progress(what: string, done: number, waiting: number, perSecond: number): string {
  if (waiting === 0) return what === 'files' ? 'none waits to be read' : `${number.format(done)} ${what}`
  const seconds = remainingSeconds(waiting, perSecond)
  const left = seconds === null ? 'time left unknown' : `about ${duration(seconds)} left`
  const speed = `${number.format(Math.round(perSecond))}/s`
  return `${number.format(done)} of ${number.format(done + waiting)} ${what}, ${speed}, ${left}`
}

function rootLines(roots: readonly RootStatus[], problems: readonly Problem[]): string[] {
  const rows = roots.map(({ name, state, files, bytes, path }) => [
    shownPath(name),
    state,
    `${number.format(files)} files`,
    shownBytes(bytes),
    shownPath(path),
  ])
  const widths = [0, 1, 2, 3].map((at) => Math.max(0, ...rows.map((row) => row[at]?.length ?? 0)))
  const pad = (cell: string, at: number) =>
    at === 2 || at === 3 ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0)
  return roots.flatMap(({ name, message }, at) => {
    const line = (rows[at] ?? []).map(pad).join('  ')
    // A message that is a problem stands among the problems.
    const isProblem = problems.some(({ root }) => root === name)
    return message === null || isProblem ? [line] : [line, `  ${shownText(message)}`]
  })
}

function problemLines({ root, text, fix, sinceMs }: Problem): string[] {
  const where = root === null ? '' : `${shownPath(root)}: `
  const since = new Date(sinceMs).toISOString().slice(0, 19)
  return ['', `Problem since ${since}Z: ${where}${shownText(text)}`, `  What to do: ${shownText(fix)}`]
}

/** A time that has passed. A clock may have been set back since. */
function ago(ms: number): string {
  return duration(Math.max(0, Math.round(ms / 1_000)))
}

export function duration(seconds: number): string {
  if (seconds < 90) return `${seconds} s`
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`
  if (seconds < 36 * 3_600) return `${Math.round(seconds / 3_600)} h`
  return `${Math.round(seconds / 86_400)} days`
}
