/** mount(2) of a folder or file at another place. Each function throws the system's error. */
import koffi from 'koffi'
import { cString, systemError } from '../support/exchange-names.ts'

const MS_BIND = 4096
const UMOUNT_NOFOLLOW = 8

const libc = koffi.load('libc.so.6')
const mount = libc.func(
  'int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data)',
)
const umount2 = libc.func('int umount2(const char *path, int flags)')

/** Mounts a folder on another one, or a file on another one. */
export function bindAt(path: string, from: string): void {
  if (mount(cString(from), cString(path), null, MS_BIND, null) !== 0) throw systemError(`mount ${from} on ${path}`)
}

/** Unmounts what was mounted there last. */
export function unbindAt(path: string): void {
  if (umount2(cString(path), UMOUNT_NOFOLLOW) !== 0) throw systemError(`umount ${path}`)
}
