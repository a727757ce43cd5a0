/** Our own types, for files of which libmagic's database says too little or something wrong. docs/api.md lists them. */
import { readSync } from 'node:fs'
import { svgRoot } from './svg-root.ts'
import { isOneOf, MAY_BE_MEDIA, MAY_BE_SVG, UNKNOWN_TYPE } from './unsure-types.ts'

/** How much is read first, which is nearly always enough to see that a text is no SVG, and how much at most. Bytes. */
const FIRST_BYTES = 4096
const HEAD_BYTES = 256 * 1024
/** One for the process: a worker reads one file at a time. */
const buffer = Buffer.allocUnsafeSlow(HEAD_BYTES)

/**
 * The type of an open file to which libmagic's database gives `known`. That type stays unless it is a general one and
 * our rules know better, or it is known to be wrong. The descriptor's offset stays.
 *
 * @param askOwn gives the type by our own magic source (`types.magic`) for a file with this beginning; `UNKNOWN_TYPE`
 *   for none
 * @throws {NodeJS.ErrnoException} what reading gives: EIO and the like
 */
export function ownType(fd: number, known: string, askOwn: (head: Buffer) => string): string {
  if (isOneOf(known, MAY_BE_SVG) && isSvg(fd)) return 'image/svg+xml'
  if (!isOneOf(known, MAY_BE_MEDIA)) return known
  const own = askOwn(readHead(fd, HEAD_BYTES))
  return own === UNKNOWN_TYPE ? known : own
}

function isSvg(fd: number): boolean {
  const first = svgRoot(readHead(fd, FIRST_BYTES))
  return first === 'unsure' ? svgRoot(readHead(fd, HEAD_BYTES)) === 'svg' : first === 'svg'
}

/** Gives fewer bytes only if the file ends before. */
function readHead(fd: number, bytes: number): Buffer {
  let length = 0
  for (let read = -1; read !== 0 && length < bytes; length += read) {
    read = readSync(fd, buffer, length, bytes - length, length)
  }
  return buffer.subarray(0, length)
}
