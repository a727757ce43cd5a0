/**
 * What a worker is at, in memory that it shares with whoever started it: which file it was, and in which part of the
 * reading, when it died or was killed. Messages would say it too, for ten microseconds a file; this takes some nanoseconds.
 */
import { closeSharedMemory, createSharedMemory, mapSharedMemory, readSharedMemory } from '../posix/shared-memory.ts'

/** `reading`: opening, looking and hashing. `measuring`: our own parsers of pictures. */
const STEPS = ['reading', 'libmagic', 'measuring', 'mediainfo'] as const
export type Step = (typeof STEPS)[number]

/** `message`: which one of those it was sent, from 1; 0 before the first. `row`: which file of that message, from 0. */
export type WorkAt = { readonly message: number; readonly row: number; readonly step: Step }

/** The worker's side. */
export type WorkNote = {
  readonly message: () => void
  readonly row: (row: number) => void
  readonly step: (step: Step) => void
}

/** The side of whoever starts it. */
export type WorkMemory = {
  /** To be given to the worker. */
  readonly fd: number
  readonly read: () => WorkAt
  readonly close: () => void
}

const BYTES = 12
const [MESSAGE, ROW, STEP] = [0, 1, 2] as const

/** Null where there is no such memory: then nobody knows what a worker was at. */
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

/** @param fd of the memory; null where there is none, and what is noted reaches nobody. It is closed. */
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
