/** Decodes inotify(7): its masks, and its bytes as events. Pure. */
import { nameFromBytes } from '@drive-feed/shared/entry-name.ts'

const IN_MODIFY = 0x2
const IN_ATTRIB = 0x4
const IN_CLOSE_WRITE = 0x8
const IN_MOVED_FROM = 0x40
const IN_MOVED_TO = 0x80
const IN_CREATE = 0x100
const IN_DELETE = 0x200
const IN_DELETE_SELF = 0x400
const IN_MOVE_SELF = 0x800
const IN_UNMOUNT = 0x2000
const IN_Q_OVERFLOW = 0x4000
const IN_IGNORED = 0x8000
const IN_ONLYDIR = 0x1000000
const IN_EXCL_UNLINK = 0x4000000
const IN_ISDIR = 0x40000000

/**
 * What each folder is watched for. ATTRIB is needed because `cp -p`, `tar` and `touch` set the time after the last
 * close; MODIFY because truncate(2), setting only the mtime, and a file that stays open give nothing else. OPEN, ACCESS
 * and CLOSE_NOWRITE must never be here: our own reading would wake us. IN_DONT_FOLLOW must not be here because folders
 * are watched by way of /proc/self/fd, a link that has to be followed. The folder behind that link was opened with
 * O_NOFOLLOW and its inode compared.
 */
export const FOLDER_MASK =
  IN_CREATE |
  IN_DELETE |
  IN_MOVED_FROM |
  IN_MOVED_TO |
  IN_CLOSE_WRITE |
  IN_MODIFY |
  IN_ATTRIB |
  IN_DELETE_SELF |
  IN_MOVE_SELF |
  IN_ONLYDIR |
  IN_EXCL_UNLINK

/**
 * - `created`: a name appeared, and a writer may still have it open. `modified`: bytes, size or mtime changed, and a
 *   writer may go on. `written`: a writer closed it. `touched`: anything else at that name (moved, deleted,
 *   attributes). `folder-moved`: a folder with that name came, went, or both.
 * - `self-moved`: the watched folder itself was moved or deleted. `self`: its attributes changed. `unmounted`: its
 *   filesystem was unmounted.
 * - `ignored`: the kernel dropped the watch. - `overflow`: the kernel's queue was full; events of this instance are
 *   lost.
 */
export type WatchEvent =
  | { readonly kind: 'created' | 'modified' | 'written' | 'touched'; readonly watch: number; readonly name: string }
  | { readonly kind: 'folder-moved'; readonly watch: number; readonly name: string }
  | { readonly kind: 'self' | 'self-moved' | 'ignored' | 'unmounted'; readonly watch: number }
  | { readonly kind: 'overflow' }

const HEADER_BYTES = 16

/**
 * Decodes what read(2) on an inotify descriptor gave: `{ i32 wd; u32 mask; u32 cookie; u32 len; char name[len] }…`,
 * little-endian like every machine this runs on. The cookie is not used: moves are recognised by inode.
 */
export function decodeEvents(bytes: Buffer): WatchEvent[] {
  const events: WatchEvent[] = []
  for (let at = 0; at + HEADER_BYTES <= bytes.length; ) {
    const watch = bytes.readInt32LE(at)
    const mask = bytes.readUInt32LE(at + 4)
    const length = bytes.readUInt32LE(at + 12)
    const nameAt = at + HEADER_BYTES
    at = nameAt + length
    const event = decodeOne(watch, mask, bytes.subarray(nameAt, at))
    if (event !== undefined) events.push(event)
  }
  return events
}

function decodeOne(watch: number, mask: number, paddedName: Buffer): WatchEvent | undefined {
  if (mask & IN_Q_OVERFLOW) return { kind: 'overflow' }
  if (mask & IN_IGNORED) return { kind: 'ignored', watch }
  if (mask & IN_UNMOUNT) return { kind: 'unmounted', watch }
  if (mask & (IN_DELETE_SELF | IN_MOVE_SELF)) return { kind: 'self-moved', watch }
  // ATTRIB of the watched folder itself comes without a name. It is no change, but the folder may be unreadable now.
  if (paddedName.length === 0) return mask & IN_ATTRIB ? { kind: 'self', watch } : undefined
  const end = paddedName.indexOf(0)
  const name = nameFromBytes(end < 0 ? paddedName : paddedName.subarray(0, end))
  if (mask & IN_CLOSE_WRITE) return { kind: 'written', watch, name }
  // No program writes to a folder: waiting for a close would only delay it.
  if (mask & IN_CREATE && !(mask & IN_ISDIR)) return { kind: 'created', watch, name }
  if (mask & IN_ISDIR && !(mask & IN_ATTRIB)) return { kind: 'folder-moved', watch, name }
  if (mask & IN_MODIFY) return { kind: 'modified', watch, name }
  return { kind: 'touched', watch, name }
}
