/** Who has a port: the api of the same database, that of another one, or another program. */
import { readFileSync, realpathSync } from 'node:fs'
import { parseFeedEpoch } from '@drive-feed/shared/feed-epoch.ts'
import { openReader } from '@drive-feed/shared/open-database.ts'
import { shownText } from '@drive-feed/shared/shown-text.ts'
import { askedAt } from './addresses.ts'
import { commandOf, type Listener, listenersAt, openFilesOf, processOf } from './listeners.ts'

/** `name` is what can be said of the process, for people; null if nothing can. */
export type PortHolder = {
  readonly kind: 'ours' | 'other drive-feed' | 'other program'
  readonly pid: number | null
  readonly name: string | null
}

export type OurPlace = {
  readonly host: string
  readonly port: number
  readonly databasePath: string
  readonly configPath: string
}

/** What the port itself says. `epoch` is that of the answer's database; null if there is none in it. */
export type PortAnswer = { readonly isDriveFeed: boolean; readonly database: string | null }

const ANSWER_MAX_MS = 2_000
const COMMAND_CHARACTERS_MAX = 60

/** To be asked if the port is taken. */
export async function findPortHolder(place: OurPlace): Promise<PortHolder> {
  const listeners = listenersAt(place.port)
  const pid = processOf(listeners)
  const command = pid === null ? [] : commandOf(pid)
  const answer = await askPort(place)
  const isOurs = pid === null ? hasOurEpoch(answer, place) : isProcessOfOurs(pid, command, place)
  const isDriveFeed =
    answer.isDriveFeed || command.some((word) => /\/(api|cli)\/src\/main\.ts$|\/drive-feed$/.test(word))
  return {
    kind: isOurs ? 'ours' : isDriveFeed ? 'other drive-feed' : 'other program',
    pid,
    name: nameOf(pid, command, listeners),
  }
}

/**
 * Asks as any client would. The token of the config is not sent: who answers may be anybody. An answer without a token
 * still shows by its form that a drive-feed gave it.
 */
export async function askPort({ host, port }: Pick<OurPlace, 'host' | 'port'>): Promise<PortAnswer> {
  try {
    const url = `http://${askedAt(host)}:${port}/api/v1/cursor`
    const answer = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(ANSWER_MAX_MS) })
    await answer.body?.cancel()
    const epoch = parseFeedEpoch(answer.headers.get('Feed-Epoch') ?? '')
    const isProblem = answer.headers.get('Content-Type')?.startsWith('application/problem+json') === true
    return {
      isDriveFeed: epoch !== null || (isProblem && [401, 503].includes(answer.status)),
      database: epoch?.database ?? null,
    }
  } catch {
    return { isDriveFeed: false, database: null }
  }
}

/** A copy of the database has the same epoch, so this counts only if the process can't be looked at. */
function hasOurEpoch({ database }: PortAnswer, { databasePath }: OurPlace): boolean {
  return database !== null && database === databaseIdOf(databasePath)
}

/** Null if there is no database yet, or it can't be read. */
export function databaseIdOf(databasePath: string): string | null {
  try {
    const { sqlite } = openReader(databasePath)
    try {
      const epoch = sqlite.prepare<[], string>('SELECT epoch FROM feed').pluck().get()
      return parseFeedEpoch(epoch ?? '')?.database ?? null
    } finally {
      sqlite.close()
    }
  } catch {
    return null
  }
}

/** Before its first answer an api does not have the database open, but was started with the config. */
function isProcessOfOurs(pid: number, command: readonly string[], { databasePath, configPath }: OurPlace): boolean {
  if (openFilesOf(pid).includes(resolved(databasePath))) return true
  const given = command.flatMap((word) => /^--config=(.+)/.exec(word)?.[1] ?? [])
  return given.some((path) => resolved(path) === resolved(configPath))
}

function resolved(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}

function nameOf(pid: number | null, command: readonly string[], listeners: readonly Listener[]): string | null {
  const words = shownText(command.join(' '))
  const short = words.length > COMMAND_CHARACTERS_MAX ? `${words.slice(0, COMMAND_CHARACTERS_MAX)}…` : words
  if (pid !== null) return `process ${pid}${short === '' ? '' : `, ${short}`}`
  const uid = listeners[0]?.uid
  return uid === undefined ? null : `a process of ${userName(uid) ?? `user ${uid}`}`
}

function userName(uid: number): string | null {
  try {
    const lines = readFileSync('/etc/passwd', 'utf8').split('\n')
    return lines.map((line) => line.split(':')).find((fields) => fields[2] === String(uid))?.[0] ?? null
  } catch {
    return null
  }
}
