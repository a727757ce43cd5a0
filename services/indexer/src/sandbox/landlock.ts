/**
 * Landlock: restricts what this thread, and every thread and process that it starts afterwards, may do with files,
 * sockets and signals (linux/landlock.h). A restriction can be tightened but never removed. It needs no privilege.
 */
import { closeSync, openSync } from 'node:fs'
import { getSystemErrorName } from 'node:util'
import { pathForFs } from '@drive-feed/shared/entry-name.ts'
import { isExhaustion } from '@drive-feed/shared/passing-errors.ts'
import koffi from 'koffi'
import { systemCall } from '../posix/system-call.ts'
import { forbidNewPrivileges } from './no-new-privileges.ts'

/** LANDLOCK_ACCESS_FS_*. */
const EXECUTE = 1n << 0n
const WRITE_FILE = 1n << 1n
const READ_FILE = 1n << 2n
const READ_DIR = 1n << 3n
/** Removing entries, and making entries of seven kinds. */
const CHANGE_ENTRIES = 0x1ff0n
const REFER = 1n << 13n
const TRUNCATE = 1n << 14n
const IOCTL_DEV = 1n << 15n

const READ = READ_FILE | READ_DIR
const WRITE = WRITE_FILE | CHANGE_ENTRIES | REFER | TRUNCATE
/** The only bits that a rule about a file may have. */
const OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV

/** LANDLOCK_ACCESS_NET_BIND_TCP and _CONNECT_TCP. */
const TCP = 0b11n
/** LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET and _SIGNAL. */
const SCOPES = 0b11n

const CREATE_RULESET_VERSION = 1
const RULE_PATH_BENEATH = 1
const O_PATH = 0o10000000
const EINVAL = koffi.os.errno.EINVAL as number

/**
 * Paths or descriptors. A path that does not exist is left out. A folder counts with everything below it, whatever is
 * mounted there.
 */
export type Permissions = {
  readonly read: readonly (string | number)[]
  readonly execute: readonly string[]
  /** Where to read, write, make, rename and remove. */
  readonly write: readonly string[]
  /** True: reading and running are not restricted at all. */
  readonly readsAll: boolean
}

const createRuleset = systemCall('landlock_create_ruleset', 'void *', 'size_t', 'uint32_t')
const addRule = systemCall('landlock_add_rule', 'int', 'int', 'void *', 'uint32_t')
const close = systemCall('close', 'int')
const restrictSelf = systemCall('landlock_restrict_self', 'int', 'uint32_t')

/** The kernel's version of Landlock, from 1 on; 0 if there is none. */
export function landlockVersion(): number {
  return Math.max(0, createRuleset(null, 0, CREATE_RULESET_VERSION))
}

/** Restricts this thread. False if the kernel has no Landlock; then nothing is restricted. @throws {Error} */
export function restrictThread({ read, execute, write, readsAll }: Permissions): boolean {
  const version = landlockVersion()
  if (version === 0) return false
  const handled = handledBy(version, readsAll)
  const attributes = new BigUint64Array([handled, version >= 4 ? TCP : 0n, version >= 6 ? SCOPES : 0n])
  // A kernel takes only the fields that its version has.
  const known = version >= 6 ? 3 : version >= 4 ? 2 : 1
  const ruleset = done('landlock_create_ruleset', createRuleset(attributes, known * 8, 0))
  try {
    for (const path of read) allow(ruleset, path, READ & handled)
    for (const path of execute) allow(ruleset, path, (READ | EXECUTE) & handled)
    for (const path of write) allow(ruleset, path, (READ | WRITE) & handled)
    forbidNewPrivileges()
    done('landlock_restrict_self', restrictSelf(ruleset, 0))
  } finally {
    // By a system call: Node warns if a thread closes a descriptor that Node did not open.
    close(ruleset)
  }
  return true
}

function handledBy(version: number, readsAll: boolean): bigint {
  const since = (first: number, access: bigint) => (version >= first ? access : 0n)
  const changing = WRITE_FILE | CHANGE_ENTRIES | since(2, REFER) | since(3, TRUNCATE) | since(5, IOCTL_DEV)
  return readsAll ? changing : changing | READ | EXECUTE
}

/** Allows access below a place. A place that can't be allowed, as on a server that is gone, stays forbidden. */
function allow(ruleset: number, place: string | number, access: bigint): void {
  const fd = typeof place === 'number' ? place : openPath(place)
  if (fd === null) return
  // If the place is a file, the kernel takes only bits of files.
  if (add(ruleset, fd, access) === -EINVAL) add(ruleset, fd, access & OF_FILES)
  if (fd !== place) closeSync(fd)
}

function add(ruleset: number, fd: number, access: bigint): number {
  // struct landlock_path_beneath_attr, which is packed: 8 bytes of access, then 4 of a descriptor.
  const rule = new DataView(new ArrayBuffer(12))
  rule.setBigUint64(0, access, true)
  rule.setInt32(8, fd, true)
  return addRule(ruleset, RULE_PATH_BENEATH, new Uint8Array(rule.buffer), 0)
}

/**
 * Null if nothing is there, or nothing that may be reached. Too many open files are an error, not a reason to forbid
 * the place.
 */
function openPath(path: string): number | null {
  try {
    return openSync(pathForFs(path), O_PATH)
  } catch (error) {
    if (isExhaustion((error as NodeJS.ErrnoException).code ?? '')) throw error
    return null
  }
}

function done(call: string, result: number): number {
  if (result < 0) throw new Error(`${call}: ${getSystemErrorName(result)}`)
  return result
}
