/**
 * The boxes of ISO base media files (ISO/IEC 14496-12, 4.2): HEIF, AVIF, JPEG XL, JPEG 2000 and films are made of them.
 */
import type { BoundedReader } from './bounded-reader.ts'

/** Positions of a box's content, without its size and type. */
export type Box = { readonly type: string; readonly start: number; readonly end: number }

/** A range in which boxes follow each other. */
export type Stretch = { readonly start: number; readonly end: number }

export function wholeFile(reader: BoundedReader): Stretch {
  return { start: 0, end: reader.size }
}

/** Ends at a size that makes no sense. A box that reaches beyond its range is cut to it, as in a truncated file. */
export function* boxesIn(reader: BoundedReader, { start, end }: Stretch): Generator<Box> {
  for (let at = start; at + 8 <= end; ) {
    const type = reader.text(at + 4, 4)
    const shortSize = reader.uint(at, 4)
    const headerLength = shortSize === 1 ? 16 : 8
    const size = shortSize === 1 ? reader.uint(at + 8, 8) : shortSize === 0 ? end - at : shortSize
    if (size < headerLength) return
    yield { type, start: at + headerLength, end: Math.min(at + size, end) }
    at += size
  }
}

export function findBox(reader: BoundedReader, stretch: Stretch, type: string): Box | null {
  for (const box of boxesIn(reader, stretch)) if (box.type === type) return box
  return null
}

/** The box at the end of a path of types. At each step the first box of the type counts. */
export function findInside(reader: BoundedReader, stretch: Stretch, ...types: readonly string[]): Box | null {
  let found: Stretch | null = stretch
  for (const type of types) {
    found = findBox(reader, found, type)
    if (found === null) return null
  }
  return found as Box
}
