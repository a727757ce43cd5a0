/** renameat2(2) with RENAME_EXCHANGE: two names change places in one step. Node has no function for it. */
import { nameToBytes } from '@drive-feed/shared/entry-name.ts'
import koffi from 'koffi'

const RENAME_EXCHANGE = 2
const AT_FDCWD = -100
const renameat2 = koffi
  .load('libc.so.6')
  .func('int renameat2(int from, const char *old, int to, const char *new, unsigned int flags)')

/** @throws {NodeJS.ErrnoException} */
export function exchangeNames(one: string, other: string): void {
  if (renameat2(AT_FDCWD, cString(one), AT_FDCWD, cString(other), RENAME_EXCHANGE) === 0) return
  throw systemError(`renameat2 ${one} ${other}`)
}

/** A path as libc takes it, whatever its bytes are. */
export function cString(path: string): Buffer {
  return Buffer.concat([nameToBytes(path), Buffer.of(0)])
}

/** An error with the `errno` of the last libc call. */
export function systemError(what: string): Error {
  const errno = koffi.errno()
  return Object.assign(new Error(`${what}: errno ${errno}`), { code: `errno ${errno}` })
}
