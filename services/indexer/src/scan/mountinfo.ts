/**
 * /proc/self/mountinfo (proc(5)), one line a mount. Paths in it are bytes, and are not read as UTF-8: a mount point
 * with another name would match no place.
 */
import { readFileSync } from 'node:fs'
import { nameFromBytes } from '@drive-feed/shared/entry-name.ts'

export type Mountinfo = {
  /** The mount's number: unique while it is mounted, and used again as soon as it is free. */
  readonly id: string
  /** The number of the mount that this one is mounted on. */
  readonly parentId: string
  /** `major:minor` */
  readonly device: string
  /** The folder or file of the filesystem that is mounted; escaped as the kernel has it. */
  readonly root: string
  /** The mount point, escaped as in `entry-name.ts`. */
  readonly point: string
  readonly type: string
  /** Escaped as the kernel has it. */
  readonly source: string
}

/** The bytes of /proc/self/mountinfo, each a character; null if it can't be read, as when too many files are open. */
export function readMountinfo(): string | null {
  try {
    return readFileSync('/proc/self/mountinfo', 'latin1')
  } catch {
    return null
  }
}

/**
 * Every mount, in the order of the lines: the later of two on one point is on top. Lines of another form are left out.
 */
export function parseMountinfo(mountinfo: string): Mountinfo[] {
  return mountinfo.split('\n').flatMap((line) => {
    const separator = line.indexOf(' - ')
    const [id, parentId, device, root, point] = line.slice(0, Math.max(separator, 0)).split(' ')
    const [type, source] = line.slice(separator + 3).split(' ')
    if (id === undefined || parentId === undefined || device === undefined) return []
    if (root === undefined || point === undefined || type === undefined || source === undefined) return []
    return [
      { id, parentId, device, root: utf8(root), point: pathOfField(point), type: utf8(type), source: utf8(source) },
    ]
  })
}

/** The kernel writes blanks, tabs, newlines and backslashes as three octal digits. */
function pathOfField(field: string): string {
  const bytes = field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
  return nameFromBytes(Buffer.from(bytes, 'latin1'))
}

function utf8(field: string): string {
  return Buffer.from(field, 'latin1').toString('utf8')
}
