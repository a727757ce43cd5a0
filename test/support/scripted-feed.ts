/** A server that answers each request with the next entry of a script, and records the requests. */
import assert from 'node:assert/strict'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import type { FeedNode } from '../../client/src/wire.ts'

/** What to do with a request. */
export type Reply = (res: ServerResponse) => void

export type Asked = {
  readonly path: string
  readonly query: Record<string, string>
  readonly headers: IncomingHttpHeaders
}

export type ScriptedFeed = {
  readonly url: string
  readonly asked: readonly Asked[]
  /** Resolves when the sockets of all answers so far are closed. */
  readonly untilClosed: () => Promise<void>
}

/** Requests after the last entry are answered with 400, which no client retries. */
export async function serveScript(t: TestContext, script: readonly Reply[]): Promise<ScriptedFeed> {
  const asked: Asked[] = []
  const closed: Promise<void>[] = []
  const server = createServer((req, res) => {
    const { pathname, searchParams } = new URL(req.url ?? '', 'http://any')
    const reply = script[asked.length] ?? problem(400, {})
    asked.push({ path: pathname, query: Object.fromEntries(searchParams), headers: req.headers })
    closed.push(new Promise((resolve) => res.once('close', resolve)))
    reply(res)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url, asked, untilClosed: async () => void (await Promise.all(closed)) }
}

export function json(
  body: unknown,
  headers: Record<string, string> = { 'Feed-Epoch': 'one', 'Feed-Head': '9' },
): Reply {
  return (res) => res.writeHead(200, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(body))
}

export function problem(status: number, body: object, headers: Record<string, string> = {}): Reply {
  return (res) =>
    res
      .writeHead(status, { 'Content-Type': 'application/problem+json', ...headers })
      .end(JSON.stringify({ status, title: 'no', ...body }))
}

export const gone = problem(410, { epoch: 'two', head: 3, detail: 'start again at cursor 0' })

/** The answer breaks off in its middle. */
export const cut: Reply = (res) => {
  res.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': '100' })
  res.write('{"cursor":1,', () => res.destroy())
}

export const brokenConnection: Reply = (res) => void res.destroy()

/** Sends events, and then ends the stream. */
export function stream(...texts: readonly string[]): Reply {
  return (res) => {
    openStream(...texts)(res)
    res.end()
  }
}

/** Sends events, and then nothing more. */
export function openStream(...texts: readonly string[]): Reply {
  return (res) => {
    res.writeHead(200, { 'Content-Type': 'text/event-stream', 'Feed-Epoch': 'one' })
    res.flushHeaders()
    for (const text of texts) res.write(text)
  }
}

/** A page's body. A string is a new file's id; with a minus it is a removal. */
export function page(cursor: number, changes: readonly (string | Partial<FeedNode>)[] = [], hasMore = false) {
  return { cursor, changes: changes.map(changeOf), has_more: hasMore }
}

function changeOf(change: string | Partial<FeedNode>) {
  if (typeof change === 'object') return { removed: false, node: { ...nodeOf(String(change.id)), ...change } }
  return change.startsWith('-') ? { removed: true, node_id: change.slice(1) } : { removed: false, node: nodeOf(change) }
}

function nodeOf(id: string): FeedNode {
  const times = { ctime: '2026-01-01T00:00:00+00:00', mtime: '2026-01-01T00:00:00+00:00' }
  const media = { mime_type: '', hash: '', is_image: false, is_video: false, width: 0, height: 0, ms_duration: 0 }
  const parentId = '00000000-0000-0000-0000-000000000000'
  return { id, parent_id: parentId, name: id, is_directory: false, size: 0, ...times, ...media }
}

/** An environment for the client that records delays instead of waiting. */
export function hastily(delaysMs: number[]) {
  return {
    random: () => 0.5,
    sleep: async (ms: number, signal: AbortSignal | undefined) => {
      signal?.throwIfAborted()
      delaysMs.push(ms)
    },
  }
}

/** All items of the generator, and the error that ended it. */
export async function drain<T>(items: AsyncIterable<T>): Promise<{ items: T[]; error: unknown }> {
  const all: T[] = []
  try {
    for await (const item of items) all.push(item)
  } catch (error) {
    return { items: all, error }
  }
  return { items: all, error: null }
}

/** The first items. The generator is ended after them. */
export async function take<T>(count: number, items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) {
    all.push(item)
    if (all.length === count) return all
  }
  assert.fail(`only ${all.length} of ${count}`)
}
