/**
 * Reads numbers and text at positions of a file, within limits: whatever a file claims about itself, it costs only so
 * many reads, bytes and steps.
 */
import { readSync } from 'node:fs'

/** What one file may cost. A step is a number or a text that a parser asked for. */
export type ReadingLimits = { readonly reads: number; readonly bytes: number; readonly steps: number }

/** 512 reads are five seconds on a disk that seeks for each; 50,000 steps some ten milliseconds. */
export const READING_LIMITS: ReadingLimits = { reads: 512, bytes: 4 * 1024 * 1024, steps: 50_000 }

export type ByteOrder = 'big' | 'little'

/** Positions are bytes from the start. Everything throws `OutOfReachError` beyond the end and beyond the limits. */
export type BoundedReader = {
  /** Bytes. */
  readonly size: number
  /** An unsigned whole number; one of 8 bytes loses what lies beyond 2^53, which is no position in any file. */
  readonly uint: (at: number, bytes: 1 | 2 | 3 | 4 | 8, order?: ByteOrder) => number
  /** One character a byte (Latin-1). */
  readonly text: (at: number, length: number) => string
  /** A copy. */
  readonly bytes: (at: number, length: number) => Buffer
  /** A part of the file as if it were a file of its own, with the same limits. */
  readonly within: (at: number, length: number) => BoundedReader
}

/** A file ends too early, or costs more than it may. Whoever starts a parser catches it. */
export class OutOfReachError extends Error {
  override name = 'OutOfReachError'
}

/** Reads into `target` from position `at` on, and gives how many bytes there were. */
type Source = (target: Buffer, at: number) => number

/** How much one read takes: headers are mostly smaller, and the page cache has pages of this size. Bytes. */
const WINDOW = 4096

/** The descriptor's offset stays. Errors of read(2) are thrown as they are. */
export function readerOfFile(fd: number, size: number, limits = READING_LIMITS): BoundedReader {
  return new Windowed((target, at) => readSync(fd, target, 0, target.length, at), size, limits)
}

export function readerOfBytes(content: Buffer, limits = READING_LIMITS): BoundedReader {
  return new Windowed((target, at) => content.copy(target, 0, at), content.length, limits)
}

class Windowed implements BoundedReader {
  readonly size: number
  readonly #source: Source
  readonly #left: { reads: number; bytes: number; steps: number }
  #window = Buffer.alloc(0)
  #windowAt = 0

  constructor(source: Source, size: number, limits: ReadingLimits) {
    this.size = size
    this.#source = source
    this.#left = { ...limits }
  }

  uint(at: number, bytes: 1 | 2 | 3 | 4 | 8, order: ByteOrder = 'big'): number {
    const from = this.#reach(at, bytes)
    const window = this.#window
    if (bytes < 8) return order === 'big' ? window.readUIntBE(from, bytes) : window.readUIntLE(from, bytes)
    return Number(order === 'big' ? window.readBigUInt64BE(from) : window.readBigUInt64LE(from))
  }

  text(at: number, length: number): string {
    const from = this.#reach(at, length)
    return this.#window.toString('latin1', from, from + length)
  }

  bytes(at: number, length: number): Buffer {
    const from = this.#reach(at, length)
    return Buffer.from(this.#window.subarray(from, from + length))
  }

  within(at: number, length: number): BoundedReader {
    return new Part(this, at, Math.max(0, Math.min(length, this.size - at)))
  }

  /** Gets the bytes into the window, and gives where in it they begin. */
  #reach(at: number, length: number): number {
    this.#left.steps -= 1
    if (this.#left.steps < 0) throw new OutOfReachError('too many steps')
    if (!(at >= 0 && length >= 0 && at + length <= this.size)) throw new OutOfReachError('beyond the end')
    const from = at - this.#windowAt
    if (from >= 0 && from + length <= this.#window.length) return from
    this.#read(at, Math.min(Math.max(length, WINDOW), this.size - at))
    if (this.#window.length < length) throw new OutOfReachError('the file has become shorter')
    return 0
  }

  #read(at: number, length: number): void {
    this.#left.reads -= 1
    this.#left.bytes -= length
    if (this.#left.reads < 0 || this.#left.bytes < 0) throw new OutOfReachError('too much to read')
    const window = Buffer.allocUnsafe(length)
    this.#window = window.subarray(0, this.#source(window, at))
    this.#windowAt = at
  }
}

class Part implements BoundedReader {
  readonly size: number
  readonly #whole: BoundedReader
  readonly #start: number

  constructor(whole: BoundedReader, start: number, size: number) {
    this.size = size
    this.#whole = whole
    this.#start = start
  }

  uint(at: number, bytes: 1 | 2 | 3 | 4 | 8, order?: ByteOrder): number {
    return this.#whole.uint(this.#place(at, bytes), bytes, order)
  }

  text(at: number, length: number): string {
    return this.#whole.text(this.#place(at, length), length)
  }

  bytes(at: number, length: number): Buffer {
    return this.#whole.bytes(this.#place(at, length), length)
  }

  within(at: number, length: number): BoundedReader {
    return new Part(this, at, Math.max(0, Math.min(length, this.size - at)))
  }

  #place(at: number, length: number): number {
    if (!(at >= 0 && at + length <= this.size)) throw new OutOfReachError('beyond the end')
    return this.#start + at
  }
}
