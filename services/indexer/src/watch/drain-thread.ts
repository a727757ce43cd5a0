/**
 * The thread that empties the kernel's queues and does nothing else: poll(2), read until EAGAIN, post the bytes. It
 * knows nothing of folders or files, so that however busy the rest is, the kernel's queue stays empty.
 */
import { closeSync, openSync, readSync } from 'node:fs'
import { type MessagePort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { POLLERR, POLLIN, POLLPRI, type PollEntry, poll } from './libc.ts'

/** To this thread. `drained` is answered once everything queued before it has been read and posted. */
export type DrainRequest =
  | { readonly kind: 'add'; readonly fd: number }
  | { readonly kind: 'drained'; readonly ticket: number }
  | { readonly kind: 'stop' }

/** From this thread. `dropped`: the receiver was too far behind, bytes of this instance were thrown away. */
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

const { port, wakeUpFd, backlog, backlogMax } = workerData as DrainThreadData
const backlogBytes = new Int32Array(backlog)
const buffer = Buffer.allocUnsafe(READ_BYTES)
const instances = new Set<number>()
// poll(2) on mountinfo reports POLLPRI|POLLERR when a filesystem is mounted or unmounted: proc(5). There is no other
// event for a bind mount that goes away.
const mountsFd = openSync('/proc/self/mountinfo', 'r')

for (let running = true; running; ) {
  const entries: PollEntry[] = [
    { fd: wakeUpFd, events: POLLIN, revents: 0 },
    { fd: mountsFd, events: POLLPRI, revents: 0 },
    ...Array.from(instances, (fd) => ({ fd, events: POLLIN, revents: 0 })),
  ]
  poll(entries)
  for (const fd of instances) drain(fd)
  if ((entries[1] as PollEntry).revents & (POLLPRI | POLLERR)) post({ kind: 'mounts' })
  running = takeRequests()
}
closeSync(mountsFd)
post({ kind: 'stopped' })

function drain(fd: number): void {
  for (;;) {
    const length = readNonBlocking(fd)
    if (length === 0) return
    if (Atomics.load(backlogBytes, 0) + length > backlogMax) {
      post({ kind: 'dropped', fd })
      continue
    }
    Atomics.add(backlogBytes, 0, length)
    const bytes = Uint8Array.prototype.slice.call(buffer, 0, length)
    post({ kind: 'bytes', fd, bytes }, [bytes.buffer])
  }
}

/** Bytes read into `buffer`; 0 when there are none now. */
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
