/**
 * A little memory that a process shares with its child. The parent reads what the child wrote, even if the child has
 * died or does nothing but compute. Writing is a store, not a system call.
 */
import { ftruncateSync, readSync } from 'node:fs'
import koffi from 'koffi'
import { systemCall } from './system-call.ts'

const MFD_CLOEXEC = 1
/** PROT_READ and PROT_WRITE, MAP_SHARED of mmap(2). */
const READ_AND_WRITE = 1 | 2
const MAP_SHARED = 1
const MAP_FAILED = 0xffff_ffff_ffff_ffffn

const create = systemCall('memfd_create', 'const char *', 'uint32_t')
const close = systemCall('close', 'int')
const mmap = koffi
  .load('libc.so.6')
  .func('void *mmap(void *address, size_t length, int protection, int flags, int fd, int64_t offset)')

/** A descriptor of so many bytes, all zero; null if the kernel has no memfd_create(2) (before 3.17) or no room. */
export function createSharedMemory(bytes: number): number | null {
  const fd = create('drive-feed', MFD_CLOEXEC)
  if (fd < 0) return null
  try {
    ftruncateSync(fd, bytes)
    return fd
  } catch {
    closeSharedMemory(fd)
    return null
  }
}

/** Maps the memory, which stays when the descriptor is closed; null if that fails. */
export function mapSharedMemory(fd: number, bytes: number): ArrayBuffer | null {
  const address: bigint = mmap(null, bytes, READ_AND_WRITE, MAP_SHARED, fd, 0)
  return address === MAP_FAILED ? null : koffi.view(address, bytes)
}

/** The memory's content now. */
export function readSharedMemory(fd: number, bytes: number): ArrayBuffer {
  const content = new Uint8Array(bytes)
  readSync(fd, content, 0, bytes, 0)
  return content.buffer
}

/** Closes by a system call: Node warns if a thread closes a descriptor that Node did not open. */
export function closeSharedMemory(fd: number): void {
  close(fd)
}
