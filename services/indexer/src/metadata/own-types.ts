/** Types of our own, where libmagic's database says too little of a file or is wrong. docs/api.md lists all of them. */
import { readSync } from 'node:fs'
import { svgRoot } from './svg-root.ts'
import { isOneOf, MAY_BE_MEDIA, MAY_BE_SVG, UNKNOWN_TYPE } from './unsure-types.ts'

/** What is read first, which nearly always is enough to see that a text is no SVG, and what is read at most. Bytes. */
const FIRST_BYTES = 4096
const HEAD_BYTES = 256 * 1024
/** One for the process: a worker reads one file at a time. */
const buffer = Buffer.allocUnsafeSlow(HEAD_BYTES)

/**
 * The type of an open file to which libmagic's database gives `known`; that one stays unless it is a general one that ours
 * knows better, or one that is known to be wrong. The descriptor's offset stays.
 *
 * @param askOwn what our own magic source (`types.magic`) says of a file that begins so; `UNKNOWN_TYPE` for nothing
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

/** Fewer bytes only where the file ends. */
function readHead(fd: number, bytes: number): Buffer {
  let length = 0
  for (let read = -1; read !== 0 && length < bytes; length += read) {
    read = readSync(fd, buffer, length, bytes - length, length)
  }
  return buffer.subarray(0, length)
}
