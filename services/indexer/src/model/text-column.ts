/**
 * Many texts as one array of bytes, which crosses from thread to thread without being copied. Texts that stay objects until
 * they are used would fill the space for new objects, which never shrinks, once for each thread.
 */
import { nameFromBytes, nameToBytes } from '@drive-feed/shared/entry-name.ts'

/** Structured-cloneable; both arrays can be transferred. Texts are names as in `entry-name.ts`. */
export type TextColumn = {
  readonly bytes: Uint8Array<ArrayBuffer>
  /** Where each text ends in `bytes`. It begins where the one before ends. */
  readonly ends: Uint32Array<ArrayBuffer>
}

export type TextColumnBuilder = {
  readonly length: number
  readonly push: (text: string) => void
  readonly dropLast: () => void
  readonly pack: () => TextColumn
  /** Begins anew, in the same memory unless that is large. */
  readonly clear: () => void
}

/** Memory up to this size is kept by `clear`, bytes. */
const KEPT_MAX = 4 * 1024 * 1024

/** The most bytes of UTF-8 that one unit of a string takes. */
const BYTES_A_UNIT = 3

export function createTextColumn(): TextColumnBuilder {
  let bytes = Buffer.from(new ArrayBuffer(4096))
  let ends = new Uint32Array(256)
  let length = 0
  const end = () => (length === 0 ? 0 : (ends[length - 1] as number))
  /** Makes room for so many bytes and one text. */
  const makeRoom = (more: number) => {
    if (end() + more > bytes.length) {
      const larger = Buffer.from(new ArrayBuffer(Math.max(bytes.length * 2, end() + more)))
      larger.set(bytes)
      bytes = larger
    }
    if (length < ends.length) return
    const larger = new Uint32Array(ends.length * 2)
    larger.set(ends)
    ends = larger
  }
  return {
    get length() {
      return length
    },
    push: (text) => {
      const from = end()
      makeRoom(text.length * BYTES_A_UNIT)
      const written = text.isWellFormed() ? bytes.write(text, from) : nameToBytes(text).copy(bytes, from)
      ends[length] = from + written
      length += 1
    },
    dropLast: () => {
      length = Math.max(0, length - 1)
    },
    clear: () => {
      length = 0
      if (bytes.length > KEPT_MAX) bytes = Buffer.from(new ArrayBuffer(4096))
      if (ends.byteLength > KEPT_MAX) ends = new Uint32Array(256)
    },
    pack: () => ({ bytes: new Uint8Array(bytes.buffer.slice(0, end())), ends: ends.slice(0, length) }),
  }
}

/** The bytes of a column as Buffers, which read text the fastest. */
const readers = new WeakMap<Uint8Array, Buffer>()

/** The text at an index; empty if the column is shorter. */
export function textAt({ bytes, ends }: TextColumn, index: number): string {
  const to = ends[index]
  if (to === undefined) return ''
  let reader = readers.get(bytes)
  if (reader === undefined) {
    reader = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    readers.set(bytes, reader)
  }
  const from = index === 0 ? 0 : (ends[index - 1] as number)
  const text = reader.toString('utf8', from, to)
  // Then its bytes may be no UTF-8.
  return text.includes('\uFFFD') ? nameFromBytes(reader.subarray(from, to)) : text
}
