/**
 * The thread that empties the kernel's queues and does nothing else: poll(2), read until EAGAIN, post the bytes. It
 * knows nothing of folders or files, so the kernel's queue stays empty however busy the rest is.
 */
import { closeSync, openSync, readSync } from 'node:fs'
import { type MessagePort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { POLLERR, POLLIN, POLLPRI, type PollEntry, poll } from '../posix/libc.ts'

/** Messages to this thread. `drained` is answered once everything queued before it has been read and posted. */
export type DrainRequest =
  | { readonly kind: 'add'; readonly fd: number }
  | { readonly kind: 'drained'; readonly ticket: number }
  | { readonly kind: 'stop' }

/**
 * Messages from this thread. `dropped`: the receiver was too far behind, so bytes of this instance were thrown away.
 */
export type DrainReport =
  | { readonly kind: 'bytes'; readonly fd: number; readonly bytes: Uint8Array }
  | { readonly kind: 'dropped'; readonly fd: number }
  | { readonly kind: 'mounts' }
  | { readonly kind: 'drained'; readonly ticket: number }
  | { readonly kind: 'stopped' }

export type DrainThreadData = {
  readonly port: MessagePort
  readonly wakeUpFd: number
  /** One Int32: bytes posted and not yet taken by the receiver. */
  readonly backlog: SharedArrayBuffer
  readonly backlogMax: number
}

const READ_BYTES = 1024 * 1024

/**
 * How long the thread rests after events, so that further ones gather. The rest grows while events come without a
 * pause. The kernel merges equal events, so a program that writes byte by byte wakes this thread fifty times a second
 * and not a hundred thousand times. The kernel's queue holds 16,384 events by default, several times as many as come
 * during a rest.
 */
const REST_FIRST_MS = 1
const REST_LAST_MS = 20

const { port, wakeUpFd, backlog, backlogMax } = workerData as DrainThreadData
const backlogBytes = new Int32Array(backlog)
const buffer = Buffer.allocUnsafe(READ_BYTES)
const instances = new Set<number>()
// poll(2) on mountinfo reports POLLPRI|POLLERR when a filesystem is mounted or unmounted: proc(5). Nothing else reports
// a bind mount that goes away.
const mountsFd = openSync('/proc/self/mountinfo', 'r')

let restMs = 0
for (let running = true; running; ) {
  // If the last rest brought nothing, wait for as long as it takes.
  if (restMs === 0) waitFor(Array.from(instances))
  const bytes = Array.from(instances, drain).reduce((sum, read) => sum + read, 0)
  restMs = bytes === 0 ? 0 : Math.min(Math.max(restMs * 2, REST_FIRST_MS), REST_LAST_MS)
  running = takeRequests()
  if (running && restMs > 0) waitFor([], restMs)
}
closeSync(mountsFd)
post({ kind: 'stopped' })

/** Waits for events of these instances, a request, a mount, or until the time is over. */
function waitFor(fds: readonly number[], timeoutMs = -1): void {
  const entries: PollEntry[] = [
    { fd: wakeUpFd, events: POLLIN, revents: 0 },
    { fd: mountsFd, events: POLLPRI, revents: 0 },
    ...fds.map((fd) => ({ fd, events: POLLIN, revents: 0 })),
  ]
  poll(entries, timeoutMs)
  if ((entries[1] as PollEntry).revents & (POLLPRI | POLLERR)) post({ kind: 'mounts' })
}

/** Gives the number of bytes that were read. */
function drain(fd: number): number {
  for (let read = 0; ; ) {
    const length = readNonBlocking(fd)
    if (length === 0) return read
    read += length
    if (Atomics.load(backlogBytes, 0) + length > backlogMax) {
      post({ kind: 'dropped', fd })
      continue
    }
    Atomics.add(backlogBytes, 0, length)
    const bytes = Uint8Array.prototype.slice.call(buffer, 0, length)
    post({ kind: 'bytes', fd, bytes }, [bytes.buffer])
  }
}

/** Reads into `buffer` and gives the number of bytes; 0 if there are none now. */
function readNonBlocking(fd: number): number {
  try {
    return readSync(fd, buffer, 0, READ_BYTES, null)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EAGAIN') return 0
    if (code === 'EINTR') return readNonBlocking(fd)
    throw error
  }
}

function takeRequests(): boolean {
  readWakeUp()
  for (;;) {
    const received = receiveMessageOnPort(port) as { message: DrainRequest } | undefined
    if (received === undefined) return true
    const request = received.message
    if (request.kind === 'stop') return false
    if (request.kind === 'add') instances.add(request.fd)
    if (request.kind === 'drained') {
      for (const fd of instances) drain(fd)
      post({ kind: 'drained', ticket: request.ticket })
    }
  }
}

function readWakeUp(): void {
  try {
    readSync(wakeUpFd, Buffer.alloc(8), 0, 8, null)
  } catch {
    // EAGAIN: woken by events, not by a request.
  }
}

function post(report: DrainReport, transfer: ArrayBuffer[] = []): void {
  port.postMessage(report, transfer)
}
