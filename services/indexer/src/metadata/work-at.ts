/**
 * What a worker is at, in memory that it shares with its parent: when it dies or is killed, the parent knows the file
 * and the step. A message would take ten microseconds a file; this takes some nanoseconds.
 */
import { closeSharedMemory, createSharedMemory, mapSharedMemory, readSharedMemory } from '../posix/shared-memory.ts'

/** `reading`: opening, looking and hashing. `measuring`: our own parsers of pictures. */
const STEPS = ['reading', 'libmagic', 'measuring', 'mediainfo'] as const
export type Step = (typeof STEPS)[number]

/** `message`: the number of the message, from 1; 0 before the first. `row`: the file in that message, from 0. */
export type WorkAt = { readonly message: number; readonly row: number; readonly step: Step }

/** The worker's side. */
export type WorkNote = {
  readonly message: () => void
  readonly row: (row: number) => void
  readonly step: (step: Step) => void
}

/** The parent's side. */
export type WorkMemory = {
  /** The descriptor to give to the worker. */
  readonly fd: number
  readonly read: () => WorkAt
  readonly close: () => void
}

const BYTES = 12
const [MESSAGE, ROW, STEP] = [0, 1, 2] as const

/** Null if the system gives no such memory: then nobody knows what a worker was at. */
export function createWorkMemory(): WorkMemory | null {
  const fd = createSharedMemory(BYTES)
  if (fd === null) return null
  return {
    fd,
    read: () => {
      const [message = 0, row = 0, step = 0] = new Int32Array(readSharedMemory(fd, BYTES))
      // A worker that was taken over may write anything.
      return { message, row, step: STEPS[step] ?? 'reading' }
    },
    close: () => closeSharedMemory(fd),
  }
}

/** @param fd the memory's descriptor, which is closed; null if there is none, and then nobody sees the notes */
export function openWorkNote(fd: number | null): WorkNote {
  const memory = fd === null ? null : mapSharedMemory(fd, BYTES)
  if (fd !== null) closeSharedMemory(fd)
  const fields = new Int32Array(memory ?? new ArrayBuffer(BYTES))
  return {
    message: () => {
      fields[MESSAGE] = (fields[MESSAGE] as number) + 1
      fields[ROW] = 0
      fields[STEP] = 0
    },
    row: (row) => {
      fields[ROW] = row
      fields[STEP] = 0
    },
    step: (step) => {
      fields[STEP] = STEPS.indexOf(step)
    },
  }
}
