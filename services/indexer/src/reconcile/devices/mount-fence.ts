/**
 * Refuses what was seen under other mounts. A device number identifies a filesystem only until something is mounted or
 * unmounted: the kernel reuses a free number immediately, and the top of every ext4 is inode 2. An answer counts only if
 * the mounts have not changed since the device numbers were last confirmed. Any other answer is `later`, and the question
 * is asked again.
 */
import type { LookRequest } from '../../scan/look.ts'
import type { LookReply, Observer } from '../../scan/observer.ts'

export type MountFence = {
  readonly look: (requests: readonly LookRequest[]) => Promise<LookReply>
  /** Makes answers count again. `ask` finds out which filesystem each device number is. */
  readonly confirm: (ask: () => Promise<void>) => Promise<void>
}

/** @param onChange called when an answer does not count; none does until `confirm` is called */
export function createMountFence(observer: Pick<Observer, 'look' | 'mountChanges'>, onChange: () => void): MountFence {
  let confirmed = 0
  return {
    look: async (requests) => {
      const before = confirmed
      const reply = await observer.look(requests)
      if (reply.mountChanges === confirmed && before === confirmed) return reply
      if (reply.mountChanges !== confirmed) onChange()
      return { ...reply, answers: requests.map(() => ({ kind: 'later', problem: null })) }
    },
    confirm: async (ask) => {
      const changes = await observer.mountChanges()
      await ask()
      // If something is mounted while `ask` runs, the next answer shows it and is refused.
      confirmed = changes
    },
  }
}
