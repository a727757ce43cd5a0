/** Holds the limits to the kernel's own files in /proc, and the advice for raising them to a power of two. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { inotifyLimits } from './inotify-limits.ts'

test('each limit is the lower one of host and user namespace, and the advice raises it to a power of two', () => {
  const { watches, instances } = inotifyLimits()
  for (const [limit, host, namespace] of [
    [watches, 'fs/inotify/max_user_watches', 'user/max_inotify_watches'],
    [instances, 'fs/inotify/max_user_instances', 'user/max_inotify_instances'],
  ] as const) {
    const lowest = Math.min(...[host, namespace].map((path) => Number(readFileSync(`/proc/sys/${path}`, 'utf8'))))
    assert.equal(limit.allowed, lowest)
    assert.match(limit.raise(1_000), /: sysctl -w [a-z_.]+=1024$/)
    assert.match(limit.raise(1_025), /=2048$/)
  }
})
