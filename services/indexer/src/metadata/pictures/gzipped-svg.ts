/** SVG in gzip (`.svgz`), of which only the beginning is inflated. */
import { gunzipSync, constants as zlib } from 'node:zlib'
import type { BoundedReader } from './bounded-reader.ts'
import { HEAD_LENGTH, type PictureFormat } from './picture-format.ts'
import { SVG_HEAD, svg, svgSize } from './svg.ts'

/** How much is inflated, the larger part first: if that inflates to too much, the smaller one will do. Bytes. */
const PARTS = [16 * 1024, 1024]
/** A kilobyte never inflates to more: deflate packs at most 1,032 bytes into one. */
const INFLATED_MAX = 1100 * 1024

export const gzippedSvg: PictureFormat = {
  begins: (head) => head.startsWith('\x1f\x8b\x08'),
  size: (reader) => {
    const head = PARTS.map((length) => inflateBeginning(reader, length)).find((inflated) => inflated !== null)
    if (head === undefined || !svg.begins(head.toString('latin1', 0, HEAD_LENGTH))) return null
    return svgSize(head.subarray(0, SVG_HEAD))
  },
}

function inflateBeginning(reader: BoundedReader, length: number): Buffer | null {
  const part = reader.bytes(0, Math.min(length, reader.size))
  try {
    // With this flush the end may be missing, as it is here.
    return gunzipSync(part, { finishFlush: zlib.Z_SYNC_FLUSH, maxOutputLength: INFLATED_MAX })
  } catch {
    // Damaged, or it inflates to more.
    return null
  }
}
