/**
 * Opens the watched folders, so that workers can be allowed to read below them. Opening a folder on a server that is
 * gone never returns. So a process each asks those that don't answer immediately, and a folder is left out if its
 * process does not come back. Neither the other folders nor this thread wait for it.
 */

import type { Reply } from './folder-reply.ts'

export type OpenFoldersTools = {
  /** Opens the folder without waiting for a disk or server; null if that is not possible. */
  readonly openAtHand: (path: string) => number | null
  /** Whether the folder can be opened. The promise may never resolve. */
  readonly ask: (path: string) => Promise<Reply>
  /** Opens a folder that has just answered; null if it is refused all the same. */
  readonly open: (path: string) => number | null
  /** A folder that was left out can be opened now. */
  readonly onLate: () => void
  /** How long a folder may take to answer. */
  readonly answerMs: number
}

export type OpenFolders = {
  readonly descriptors: readonly number[]
  /** Paths. */
  readonly leftOut: readonly string[]
}

/**
 * The pause between two tries of a folder that can't be opened (too many open files, a stale handle, a bad disk). It
 * doubles each time.
 */
const RETRY_FIRST_MS = 30_000
const RETRY_LAST_MS = 600_000

/** A folder that is missing is left out and not asked for again: when it is back, another thread opens it. */
export async function openFolders(paths: readonly string[], tools: OpenFoldersTools): Promise<OpenFolders> {
  const descriptors: number[] = []
  const leftOut: string[] = []
  const atHand = paths.map((path) => ({ path, fd: tools.openAtHand(path) }))
  const asked = atHand.map(async ({ path, fd }) => ({ path, fd: fd ?? (await askInTime(path, tools)) }))
  for (const { path, fd } of await Promise.all(asked)) {
    if (fd === null) leftOut.push(path)
    else descriptors.push(fd)
  }
  return { descriptors, leftOut }
}

/** Goes on asking if there is no answer in time, and calls `onLate` once there is one. */
async function askInTime(path: string, tools: OpenFoldersTools): Promise<number | null> {
  const answer = tools.ask(path)
  const limit = Promise.withResolvers<null>()
  const timer = setTimeout(limit.resolve, tools.answerMs, null)
  const reply = await Promise.race([answer, limit.promise])
  clearTimeout(timer)
  const fd = reply === 'there' ? tools.open(path) : null
  // A folder that is there may be refused to this process, and that may pass too.
  if (fd === null)
    void askOn(path, reply === null ? answer : Promise.resolve(reply === 'there' ? 'refused' : reply), tools)
  return fd
}

async function askOn(path: string, answer: Promise<Reply>, tools: OpenFoldersTools): Promise<void> {
  let reply = await answer
  for (let pauseMs = RETRY_FIRST_MS; reply === 'refused'; pauseMs = Math.min(pauseMs * 2, RETRY_LAST_MS)) {
    await new Promise((resolve) => setTimeout(resolve, pauseMs).unref())
    reply = await tools.ask(path)
  }
  if (reply === 'there') tools.onLate()
}
