/**
 * Opens the watched folders for whoever is to be allowed to read below them. A folder on a server that is gone keeps
 * whoever opens it, so those that don't answer at once are asked by a process each, and left out if that does not come back:
 * neither the others nor this thread wait for them.
 */

import type { Reply } from './folder-reply.ts'

export type OpenFoldersTools = {
  /** A descriptor, without waiting for any disk or server; null where that can't be had. */
  readonly openAtHand: (path: string) => number | null
  /** Whether it can be opened. It may take for ever. */
  readonly ask: (path: string) => Promise<Reply>
  /** A descriptor of a folder that has just answered; null where it is refused all the same. */
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
 * Between two questions to a folder that can't be opened: too many open files, a handle that is stale, a bad disk. Twice as
 * long each time.
 */
const RETRY_FIRST_MS = 30_000
const RETRY_LAST_MS = 600_000

/** What is not there is left out and not asked for again: when it is there again, it will be opened by another thread. */
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

/** Goes on asking where there is no answer in time, and tells once there is one. */
async function askInTime(path: string, tools: OpenFoldersTools): Promise<number | null> {
  const answer = tools.ask(path)
  const limit = Promise.withResolvers<null>()
  const timer = setTimeout(limit.resolve, tools.answerMs, null)
  const reply = await Promise.race([answer, limit.promise])
  clearTimeout(timer)
  const fd = reply === 'there' ? tools.open(path) : null
  // Where it is there and is refused to this process all the same, that may pass as well.
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
