/** Rights of root that a thread gives up, for itself and for every program it starts. See capabilities(7). */
import { prctl } from '../posix/prctl.ts'
import { systemCall } from '../posix/system-call.ts'

export const CAP_DAC_READ_SEARCH = 2
export const CAP_FOWNER = 3

const PR_CAPBSET_DROP = 24
/** More than any kernel knows; it refuses those it does not. */
const CAPABILITIES = 64
const VERSION_3 = 0x20080522

const capget = systemCall('capget', 'void *', 'void *')
const capset = systemCall('capset', 'void *', 'void *')

/** Keeps those of the capabilities that the thread has, and none of the others. */
export function keepCapabilities(kept: readonly number[]): void {
  // A program that root starts gets every capability that is not dropped here. Who is not root may not drop, nor need to.
  for (let capability = 0; capability < CAPABILITIES; capability += 1) {
    if (!kept.includes(capability)) prctl(PR_CAPBSET_DROP, capability)
  }
  const header = new Uint32Array([VERSION_3, 0])
  /** Effective, permitted and inheritable, of the first 32 and then of the others. */
  const sets = new Uint32Array(6)
  if (capget(header, sets) !== 0) return
  const low = kept.reduce((mask, capability) => mask | (1 << capability), 0) >>> 0
  for (const [at, set] of sets.entries()) sets[at] = at < 3 ? (set & low) >>> 0 : 0
  capset(header, sets)
}
