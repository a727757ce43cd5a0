/**
 * What the doctor asks of the machine and of the disks. Each probe that touches a disk runs in a process of its own, for a
 * limited time, so that a server that is gone holds nothing up. Nothing is written but a small database beside the
 * database, which is removed.
 */
import { dirname } from 'node:path'
import type { Config } from '@drive-feed/shared/config/config.ts'
import { HEARTBEAT_AGE_MAX_MS, heartbeatAgeMs } from '@drive-feed/shared/heartbeat.ts'
import { OWN_FOLDER } from '@drive-feed/shared/not-writable.ts'
import { shownPath } from '@drive-feed/shared/shown-path.ts'
import { type InotifyLimits, inotifyLimits } from '../posix/inotify-limits.ts'
import type { DatabaseProbe, IndexerStatus } from './probes/database-probe.ts'
import { isForWal, whatIsSeenOn } from './probes/filesystem-words.ts'
import { type Finding, fine, note, toDo } from './probes/finding.ts'
import type { FolderProbe } from './probes/folder-probe.ts'
import { askInChild, type ProbeAnswer } from './probes/in-child.ts'
import type { LibraryProbe } from './probes/library-probes.ts'
import { machineFindings } from './probes/machine.ts'

export type { Finding } from './probes/finding.ts'

const ROOM_MIN_BYTES = 1024 ** 3

export type Examination = {
  readonly findings: readonly Finding[]
  /** Whether the disk of the database answers, so that it may be looked at without a limit of time. */
  readonly databaseAnswers: boolean
}

/** @param config null if it has a mistake: then only the machine is looked at */
export async function examine(config: Config | null, nowMs: number): Promise<Examination> {
  const libraries = [await libraryFinding('libmagic'), await libraryFinding('mediainfo')]
  const machine = [...machineFindings(nowMs), ...libraries]
  if (config === null) return { findings: machine, databaseAnswers: false }
  // All disks at the same time: one that does not answer takes the whole limit.
  const [database, ...folders] = await Promise.all([
    askInChild<DatabaseProbe>('database', config.databasePath),
    ...config.watches.map(({ path }) => askInChild<FolderProbe>('folder', path)),
  ])
  const status = database.kind === 'answered' ? database.value.status : null
  const findings = [
    ...config.watches.flatMap(({ name, path }, at) => folderFindings(name, path, folders[at] ?? { kind: 'silent' })),
    ...databaseFindings(config.databasePath, database),
    ...inotifyFindings(needsOf(status, folders), config.watches.length, inotifyLimits()),
    ...(status === null ? [note('indexer', 'it does not run now')] : [indexerFinding(status, nowMs)]),
    ...machine,
  ]
  return { findings, databaseAnswers: database.kind === 'answered' }
}

async function libraryFinding(name: 'libmagic' | 'mediainfo'): Promise<Finding> {
  const answer = await askInChild<LibraryProbe>(name, null)
  if (answer.kind !== 'answered') return toDo(name, `the library ${howOf(answer)}`, 'install it anew')
  const { version, problem } = answer.value
  const [text = '', ...rest] = (problem ?? '').split('; ')
  return problem === null ? fine(name, version) : toDo(name, text, rest.join('; '))
}

export function folderFindings(name: string, path: string, answer: ProbeAnswer<FolderProbe>): Finding[] {
  const topic = `watches.${shownPath(name)}`
  const place = shownPath(path)
  if (answer.kind !== 'answered')
    return [toDo(topic, `${place} ${howOf(answer)}`, 'check its disk or server, or unmount it with umount -f -l')]
  const { problem, folders, hasMore, unreadable, filesystem, below, foldsCase, hasSnapshots } = answer.value
  if (problem !== null)
    return [toDo(topic, `${place}: ${problem}`, 'mount its disk, allow this user in, or correct the config')]
  const count = `${place}, ${folders}${hasMore ? ' folders or more' : folders === 1 ? ' folder' : ' folders'}`
  const readable =
    unreadable === null
      ? fine(topic, `${count}, can be read`)
      : toDo(
          topic,
          `${shownPath(unreadable.first)} can't be read${unreadable.count > 1 ? `, and ${unreadable.count - 1} more` : ''}`,
          'run the indexer as a user who may, or with CAP_DAC_READ_SEARCH, as the containers and install-service do',
        )
  const remarks = [
    `${filesystem || 'unknown filesystem'}: ${whatIsSeenOn(filesystem) ?? 'not known here; what is not reported is found by a scan'}`,
    ...(below.length > 0 ? [`mounted below: ${below.join(', ')}`] : []),
    ...(foldsCase ? ['names that differ only in case are one'] : []),
    ...(hasSnapshots ? ['it has a folder of snapshots: exclude it, or all its copies are listed'] : []),
  ]
  return [readable, fine(`${topic} filesystem`, remarks.join('; '))]
}

export function databaseFindings(databasePath: string, answer: ProbeAnswer<DatabaseProbe>): Finding[] {
  const topic = 'database'
  if (answer.kind !== 'answered')
    return [
      toDo(topic, `${shownPath(dirname(databasePath))} ${howOf(answer)}`, 'check its disk, or put it on another one'),
    ]
  const { unwritable, walProblem, filesystem, freeBytes } = answer.value
  if (unwritable !== null) return [unwritableFinding(unwritable)]
  const kind = isForWal(filesystem)
    ? fine('database filesystem', filesystem || 'unknown')
    : toDo('database filesystem', `${filesystem}: SQLite's WAL needs a local disk`, 'set database_url to a local disk')
  const free = `${(freeBytes / 1024 ** 3).toFixed(1)} GiB free`
  return [
    fine(topic, `${shownPath(databasePath)} can be written by user ${process.getuid?.()}`),
    kind,
    walProblem === null
      ? fine('database wal', 'a file in WAL mode works')
      : toDo('database wal', `a file in WAL mode does not work: ${walProblem}`, 'set database_url to a local disk'),
    freeBytes >= ROOM_MIN_BYTES ? fine('database room', free) : toDo('database room', free, 'make room'),
  ]
}

function unwritableFinding({ path, code, remedy }: NonNullable<DatabaseProbe['unwritable']>): Finding {
  const uid = process.getuid?.() ?? 0
  const text = `${shownPath(path)} can't be written by user ${uid} (${code})`
  const fix = remedy.kind === 'command' ? remedy.command : OWN_FOLDER
  // A folder that is made where a disk should be mounted would hide what is missing.
  if (code === 'ENOENT')
    return toDo('database', `${shownPath(path)} does not exist`, `mount its disk, or make the folder: ${fix}`)
  if (code === 'ENOTDIR') return toDo('database', `${shownPath(path)} is no folder`, 'correct database_url')
  if (code === 'EROFS') return toDo('database', text, 'the indexer needs it mounted for writing; the api does not')
  return toDo('database', text, fix)
}

type Needs = { readonly folders: number; readonly isAtLeast: boolean }

function needsOf(status: IndexerStatus | null, folders: readonly ProbeAnswer<FolderProbe>[]): Needs {
  const seen = folders.flatMap((answer) => (answer.kind === 'answered' ? [answer.value] : []))
  const counted = seen.reduce((sum, one) => sum + one.folders, 0)
  if (status !== null && status.foldersKnown >= counted) return { folders: status.foldersKnown, isAtLeast: false }
  return { folders: counted, isAtLeast: seen.length < folders.length || seen.some(({ hasMore }) => hasMore) }
}

export function inotifyFindings({ folders, isAtLeast }: Needs, roots: number, limits: InotifyLimits): Finding[] {
  const { watches, instances } = limits
  const needed = `${isAtLeast ? 'at least ' : ''}${folders} needed`
  const text = `${watches.allowed} watches allowed, ${needed}`
  // Other programs of the user count too.
  const spare = (count: number) => Math.ceil(count * 1.25)
  return [
    watches.allowed >= folders
      ? fine('inotify watches', text)
      : toDo('inotify watches', text, `${watches.raise(spare(folders))}; for good in /etc/sysctl.d`),
    instances.allowed > roots
      ? fine('inotify instances', `${instances.allowed} instances allowed, ${roots} needed`)
      : toDo(
          'inotify instances',
          `${instances.allowed} instances allowed, ${roots} needed`,
          instances.raise(roots + 16),
        ),
  ]
}

export function indexerFinding({ state, heartbeatMs }: IndexerStatus, nowMs: number): Finding {
  const ageMs = heartbeatAgeMs(heartbeatMs, nowMs)
  if (state === 'stopped') return note('indexer', 'it was stopped')
  if (ageMs <= HEARTBEAT_AGE_MAX_MS) return fine('indexer', `it runs: ${state}`)
  const isAhead = heartbeatMs > nowMs
  const text = `its last sign of life is ${Math.round(ageMs / 1000)} s ${isAhead ? 'ahead of the clock' : 'old'}`
  return toDo(
    'indexer',
    text,
    isAhead ? 'check the clock, and start the indexer again' : 'see its log, and start it again',
  )
}

function howOf(answer: Exclude<ProbeAnswer<unknown>, { kind: 'answered' }>): string {
  return answer.kind === 'silent' ? 'does not answer within ten seconds' : `makes its reader end (${answer.how})`
}
