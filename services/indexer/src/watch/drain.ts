/** The main thread's side of the drain thread. */
import { closeSync, writeSync } from 'node:fs'
import { MessageChannel, Worker } from 'node:worker_threads'
import { createWakeUp } from '../posix/libc.ts'
import type { DrainReport, DrainRequest, DrainThreadData } from './drain-thread.ts'

/**
 * Bytes of events that the main thread has not taken yet. Beyond this an instance's events are dropped and its root is
 * scanned.
 */
const BACKLOG_BYTES_MAX = 64 * 1024 * 1024

export type DrainHandlers = {
  /** Raw inotify bytes of one instance. */
  readonly onBytes: (fd: number, bytes: Buffer) => void
  /** Events of this instance were thrown away because the main thread was too far behind. */
  readonly onDropped: (fd: number) => void
  /** Some filesystem was mounted or unmounted. */
  readonly onMounts: () => void
  readonly onCrash: (error: Error) => void
}

export type Drain = {
  readonly add: (fd: number) => void
  /**
   * Resolves when every event queued before the call has been handed to `onBytes`. Never resolves once `stop` was
   * called.
   */
  readonly drained: () => Promise<void>
  readonly stop: () => Promise<void>
}

/** Starts the thread. */
export function startDrain(handlers: DrainHandlers, backlogMax = BACKLOG_BYTES_MAX): Drain {
  const wakeUp = createWakeUp()
  if (!wakeUp.ok) throw new Error(`eventfd: errno ${wakeUp.errno}`)
  const backlog = new SharedArrayBuffer(4)
  const taken = new Int32Array(backlog)
  const { port1, port2 } = new MessageChannel()
  const data: DrainThreadData = { port: port2, wakeUpFd: wakeUp.value, backlog, backlogMax }
  const thread = new Worker(new URL('./drain-thread.ts', import.meta.url), {
    workerData: data,
    transferList: [port2],
    resourceLimits: { maxYoungGenerationSizeMb: 4 },
  })
  const waiting = new Map<number, () => void>()
  let tickets = 0
  let stopping = false
  thread.on('error', handlers.onCrash)
  thread.on('exit', () => {
    closeSync(wakeUp.value)
    port1.close()
    if (!stopping) handlers.onCrash(new Error('the thread that reads inotify ended'))
  })

  port1.on('message', (report: DrainReport) => {
    if (report.kind === 'bytes') {
      Atomics.sub(taken, 0, report.bytes.length)
      handlers.onBytes(report.fd, Buffer.from(report.bytes.buffer))
    } else if (report.kind === 'dropped') handlers.onDropped(report.fd)
    else if (report.kind === 'mounts') handlers.onMounts()
    else if (report.kind === 'drained') {
      waiting.get(report.ticket)?.()
      waiting.delete(report.ticket)
    }
  })

  const send = (request: DrainRequest) => {
    if (stopping) return
    port1.postMessage(request)
    writeSync(wakeUp.value, ONE)
  }
  return {
    add: (fd) => send({ kind: 'add', fd }),
    drained: () =>
      new Promise((resolve) => {
        tickets += 1
        waiting.set(tickets, resolve)
        send({ kind: 'drained', ticket: tickets })
      }),
    stop: async () => {
      if (stopping) return
      const ended = new Promise<void>((resolve) => thread.once('exit', () => resolve()))
      send({ kind: 'stop' })
      stopping = true
      await ended
    },
  }
}

/** What is written to an eventfd(2): a 64-bit 1 in this machine's byte order. */
const ONE = Buffer.from(new BigUint64Array([1n]).buffer)
