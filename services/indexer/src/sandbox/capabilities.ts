/** Gives up rights of root, for a thread and every program that it starts. See capabilities(7). */
import { prctl } from '../posix/prctl.ts'
import { systemCall } from '../posix/system-call.ts'

export const CAP_DAC_READ_SEARCH = 2
export const CAP_FOWNER = 3

const PR_CAPBSET_DROP = 24
/** More than any kernel has; it refuses those it does not know. */
const CAPABILITIES = 64
const VERSION_3 = 0x20080522

const capget = systemCall('capget', 'void *', 'void *')
const capset = systemCall('capset', 'void *', 'void *')

/** Gives up all capabilities of this thread but those in `kept`. */
export function keepCapabilities(kept: readonly number[]): void {
  // A program that root starts gets every capability that is not dropped here. Other users may not drop any, and need
  // not.
  for (let capability = 0; capability < CAPABILITIES; capability += 1) {
    if (!kept.includes(capability)) prctl(PR_CAPBSET_DROP, capability)
  }
  const header = new Uint32Array([VERSION_3, 0])
  /** The effective, permitted and inheritable sets: of the first 32 capabilities, then of the others. */
  const sets = new Uint32Array(6)
  if (capget(header, sets) !== 0) return
  const low = kept.reduce((mask, capability) => mask | (1 << capability), 0) >>> 0
  for (const [at, set] of sets.entries()) sets[at] = at < 3 ? (set & low) >>> 0 : 0
  capset(header, sets)
}
