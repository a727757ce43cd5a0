/** Counts the times that something was mounted or unmounted, exactly: proc(5) has poll(2) on mountinfo tell of it. */
import { openSync } from 'node:fs'
import { POLLERR, POLLPRI, type PollEntry, poll } from '../posix/libc.ts'

export type MountChanges = {
  /** How often a change was noticed by now. What was seen between two equal counts was seen under the same mounts. */
  readonly count: () => number
}

/** The descriptor stays open: each has its own memory of what it has told. */
export function createMountChanges(): MountChanges {
  const fd = openSync('/proc/self/mountinfo', 'r')
  let changes = 0
  return {
    count: () => {
      // What poll fills is the array, with entries of its own.
      const entries: PollEntry[] = [{ fd, events: POLLPRI, revents: 0 }]
      poll(entries, 0)
      if ((entries[0] as PollEntry).revents & (POLLPRI | POLLERR)) changes += 1
      return changes
    },
  }
}
