/** Gives up rights of root, for a thread and every program that it starts. See capabilities(7). */
import { prctl } from '../posix/prctl.ts'
import { systemCall } from '../posix/system-call.ts'

/** The numbers of linux/capability.h. */
export const CAP_DAC_OVERRIDE = 1
export const CAP_DAC_READ_SEARCH = 2
const CAP_FOWNER = 3

const PR_CAPBSET_DROP = 24
/** More than any kernel has; it refuses those it does not know. */
const CAPABILITIES = 64
const VERSION_3 = 0x20080522

const capget = systemCall('capget', 'void *', 'void *')
const capset = systemCall('capset', 'void *', 'void *')

/**
 * Gives up all capabilities of this thread but those with which it reads files of other users, without a new access time.
 * Container engines give root CAP_DAC_OVERRIDE, and the one that is for reading alone only if they are asked to: then the
 * first one is kept. One that the thread lacks is no loss.
 */
export function keepReading(): void {
  const header = new Uint32Array([VERSION_3, 0])
  /** The effective, permitted and inheritable sets: of the first 32 capabilities, then of the others. */
  const sets = new Uint32Array(6)
  if (capget(header, sets) !== 0) return
  const [effective = 0] = sets
  const reading = (effective & (1 << CAP_DAC_READ_SEARCH)) === 0 ? CAP_DAC_OVERRIDE : CAP_DAC_READ_SEARCH
  const kept = (1 << reading) | (1 << CAP_FOWNER)
  // A program that root starts gets every capability that is not dropped here. Other users may not drop any, and need
  // not.
  for (let capability = 0; capability < CAPABILITIES; capability += 1) {
    if (capability >= 32 || (kept & (1 << capability)) === 0) prctl(PR_CAPBSET_DROP, capability)
  }
  for (const [at, set] of sets.entries()) sets[at] = at < 3 ? (set & kept) >>> 0 : 0
  capset(header, sets)
}
