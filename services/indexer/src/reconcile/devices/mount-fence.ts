/**
 * Keeps what was seen under other mounts from being believed. A device number says which filesystem it is only as long
 * as nothing is mounted or unmounted: the kernel gives a free number to the next one at once, and the top of every ext4
 * is inode 2. So an answer counts only if the mounts, from the question to the answer, are those that the device numbers
 * were last confirmed for; otherwise it is `later`, which means that the question has to be asked again.
 */
import type { LookRequest } from '../../scan/look.ts'
import type { LookReply, Observer } from '../../scan/observer.ts'

export type MountFence = {
  readonly look: (requests: readonly LookRequest[]) => Promise<LookReply>
  /** Makes answers count again: `confirm` asks which filesystems are where. */
  readonly settle: (confirm: () => Promise<void>) => Promise<void>
}

/** `onChange`: answers do not count until `settle` was called. */
export function createMountFence(observer: Pick<Observer, 'look' | 'mountChanges'>, onChange: () => void): MountFence {
  let settled = 0
  return {
    look: async (requests) => {
      const before = settled
      const reply = await observer.look(requests)
      if (reply.mountChanges === settled && before === settled) return reply
      if (reply.mountChanges !== settled) onChange()
      return { ...reply, answers: requests.map(() => ({ kind: 'later', problem: null })) }
    },
    settle: async (confirm) => {
      const changes = await observer.mountChanges()
      await confirm()
      // What was mounted during the confirming shows in the next answer, which then does not count.
      settled = changes
    },
  }
}
