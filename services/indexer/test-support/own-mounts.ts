/** Mounts that only a test and the programs it starts see, and that are gone with it, however it ends. */
import { execFileSync } from 'node:child_process'
import koffi from 'koffi'

const CLONE_NEWNS = 0x20000

let outcome: string | null | undefined

/**
 * Gives this thread, and every program it starts from now on, mounts of its own; unshare(2). Null when that worked,
 * otherwise why not. Node's other threads keep the old ones: only synchronous file access sees what is mounted later.
 */
export function takeOwnMounts(): string | null {
  outcome ??= unshareMounts()
  return outcome
}

function unshareMounts(): string | null {
  if (koffi.load('libc.so.6').func('int unshare(int flags)')(CLONE_NEWNS) !== 0) {
    return `mounts of its own are forbidden here: unshare(2) gives errno ${koffi.errno()}; it takes CAP_SYS_ADMIN`
  }
  try {
    execFileSync('mount', ['--make-rprivate', '/'], { stdio: 'pipe' })
    return null
  } catch (error) {
    return `mounting is forbidden here: ${(error as Error).message}`
  }
}

/** Mounts a filesystem in memory that holds at most so many bytes. */
export function mountMemory(path: string, bytes: number): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'drive-feed-test', path])
}

export function remount(path: string, how: 'ro' | 'rw'): void {
  execFileSync('mount', ['-o', `remount,${how}`, path])
}

/** Also while it is in use. */
export function unmount(path: string): void {
  execFileSync('umount', ['--lazy', path])
}
