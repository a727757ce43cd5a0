/**
 * A mount namespace for this process and its children alone: whatever a test mounts, nobody else sees it, and it is gone
 * with the process, however that ends.
 */
import { execFileSync } from 'node:child_process'
import koffi from 'koffi'

const CLONE_NEWNS = 0x00020000

let outcome: { readonly refusal: string | false } | undefined

/**
 * Enters it. False if that succeeded, otherwise the reason, for `skip`. The namespace is that of this thread and of what it
 * starts from now on. Node's pool of threads, which serves the asynchronous calls of `fs`, stays in the old one.
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
    // Nothing that is mounted from here on spreads to where this namespace was copied from.
    execFileSync('mount', ['--make-rprivate', '/'], { stdio: 'pipe' })
    return false
  } catch (error) {
    return `mounting is refused here: ${(error as Error).message}`
  }
}
