/** Counts changes of mounts, without missing any: poll(2) on /proc/self/mountinfo reports them (proc(5)). */
import { openSync } from 'node:fs'
import { POLLERR, POLLPRI, type PollEntry, poll } from '../posix/libc.ts'

export type MountChanges = {
  /** How often a change was noticed. What is seen between two equal counts is seen under the same mounts. */
  readonly count: () => number
}

/** The descriptor stays open: the kernel notes for each descriptor what it has reported. */
export function createMountChanges(): MountChanges {
  const fd = openSync('/proc/self/mountinfo', 'r')
  let changes = 0
  return {
    count: () => {
      // `poll` replaces the entries of this array.
      const entries: PollEntry[] = [{ fd, events: POLLPRI, revents: 0 }]
      poll(entries, 0)
      if ((entries[0] as PollEntry).revents & (POLLPRI | POLLERR)) changes += 1
      return changes
    },
  }
}
