/**
 * A mount namespace for this process and its children alone: nobody else sees what a test mounts, and it is gone with
 * the process, however that ends.
 */
import { execFileSync } from 'node:child_process'
import koffi from 'koffi'

const CLONE_NEWNS = 0x00020000

let outcome: { readonly refusal: string | false } | undefined

/**
 * Enters the namespace. False if that succeeded, otherwise the reason, for `skip`. The namespace is that of this
 * thread, and of threads and processes that it starts later. Node's thread pool, which serves the asynchronous calls of
 * `fs`, stays in the old one.
 */
export function enterOwnMounts(): string | false {
  outcome ??= { refusal: enter() }
  return outcome.refusal
}

function enter(): string | false {
  if (process.geteuid?.() !== 0) return 'needs root, to mount filesystems'
  const unshare = koffi.load('libc.so.6').func('int unshare(int flags)')
  if (unshare(CLONE_NEWNS) !== 0) return `unshare(2) is refused here (errno ${koffi.errno()}): no mount namespaces`
  try {
    // From here on no mount spreads to the namespace that this one was copied from.
    execFileSync('mount', ['--make-rprivate', '/'], { stdio: 'pipe' })
    return false
  } catch (error) {
    return `mounting is refused here: ${(error as Error).message}`
  }
}
