/** renameat2(2) with RENAME_EXCHANGE: two names change places in one step. Node has no function for it. */
import koffi from 'koffi'

const RENAME_EXCHANGE = 2
const AT_FDCWD = -100
const renameat2 = koffi
  .load('libc.so.6')
  .func('int renameat2(int from, const char *old, int to, const char *new, unsigned int flags)')

/** @throws {NodeJS.ErrnoException} */
export function exchangeNames(one: string, other: string): void {
  if (renameat2(AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE) === 0) return
  const errno = koffi.errno()
  throw Object.assign(new Error(`renameat2 ${one} ${other}: errno ${errno}`), { code: `errno ${errno}` })
}
