/**
 * The main thread's side of the observer thread. All looks of all roots go through this one queue and come back in
 * order, so the later of two answers about a place is always the newer one.
 */
import type { Worker } from 'node:worker_threads'
import type { ConfiguredWatch } from '@drive-feed/shared/config/watches.ts'
import type { Excludes } from '@drive-feed/shared/exclude.ts'
import type { OwnPaths } from '@drive-feed/shared/own-files.ts'
import type { PackedSights } from '../model/sights.ts'
import type { FilesystemSigns } from './filesystem-signs.ts'
import type { LookAnswer, LookRequest } from './look.ts'
import type { ObserverReply, ObserverRequest } from './observer-messages.ts'

/** `mountChanges`: see `Observer`. */
export type LookReply = {
  readonly answers: readonly LookAnswer[]
  readonly sights: PackedSights
  readonly mountChanges: number
}

export type Observer = {
  readonly look: (requests: readonly LookRequest[]) => Promise<LookReply>
  /** The signs of the filesystem at `path`; null if it can't be asked. */
  readonly signs: (path: string) => Promise<FilesystemSigns | null>
  /** The path with its symbolic links resolved, as far as it exists. */
  readonly resolvePath: (path: string) => Promise<string>
  /** How often something was mounted or unmounted since the start. */
  readonly mountChanges: () => Promise<number>
  /** What the thread is at, and since when it was seen there, ms since 1970. Null if it has nothing to do. */
  readonly atWork: (nowMs: number) => { readonly path: string; readonly sinceMs: number } | null
  readonly stop: () => Promise<void>
}

export type ObserverSettings = {
  readonly excludes: Excludes
  /** Patterns for paths begin with their names. */
  readonly watches: readonly ConfiguredWatch[]
  readonly own: OwnPaths
}

/** Starts to use the observer thread. It looks neither at what `excludes` leaves out nor at our own files. */
export function createObserver(
  thread: Worker,
  { excludes, watches, own }: ObserverSettings,
  onCrash: (error: Error) => void,
): Observer {
  const waiting = new Map<
    number,
    { readonly resolve: (reply: ObserverReply) => void; readonly paths: readonly string[] }
  >()
  const progress = new SharedArrayBuffer(4)
  const done = new Int32Array(progress)
  let noticed = { ticket: 0, index: 0, path: '', sinceMs: 0 }
  let tickets = 0
  let stopping = false
  thread.on('error', onCrash)
  thread.on('exit', () => {
    if (!stopping) onCrash(new Error('the thread that looks at folders ended'))
  })
  thread.on('message', (reply: ObserverReply) => {
    waiting.get(reply.ticket)?.resolve(reply)
    waiting.delete(reply.ticket)
  })
  thread.postMessage({ kind: 'excludes', excludes, watches, own, progress } satisfies ObserverRequest)
  const ask = (paths: readonly string[], make: (ticket: number) => ObserverRequest): Promise<ObserverReply> =>
    new Promise((resolve) => {
      tickets += 1
      waiting.set(tickets, { resolve, paths })
      thread.postMessage(make(tickets))
    })
  return {
    look: async (requests) => {
      const paths = requests.map(({ path }) => path)
      const reply = await ask(paths, (ticket) => ({ kind: 'look', ticket, requests }))
      if (reply.kind !== 'look') throw new Error(`asked to look, answered ${reply.kind}`)
      return reply
    },
    signs: async (path) => {
      const reply = await ask([path], (ticket) => ({ kind: 'signs', ticket, path }))
      if (reply.kind !== 'signs') throw new Error(`asked for signs, answered ${reply.kind}`)
      return reply.signs
    },
    resolvePath: async (path) => {
      const reply = await ask([path], (ticket) => ({ kind: 'resolve', ticket, path }))
      if (reply.kind !== 'resolve') throw new Error(`asked to resolve, answered ${reply.kind}`)
      return reply.path
    },
    mountChanges: async () => {
      const reply = await ask([], (ticket) => ({ kind: 'mounts', ticket }))
      if (reply.kind !== 'mounts') throw new Error(`asked for mounts, answered ${reply.kind}`)
      return reply.mountChanges
    },
    atWork: (nowMs) => {
      // Requests are served in their order, so the thread is at the oldest.
      const [oldest] = waiting
      if (oldest === undefined) return null
      const [ticket, { paths }] = oldest
      const index = Atomics.load(done, 0)
      if (noticed.ticket !== ticket || noticed.index !== index) {
        noticed = { ticket, index, path: paths[index] ?? paths[0] ?? '', sinceMs: nowMs }
      }
      return noticed
    },
    stop: async () => {
      stopping = true
      await thread.terminate()
    },
  }
}
