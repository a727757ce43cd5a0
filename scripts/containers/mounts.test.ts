/** Shows which folders pass later mounts on to others: a table over a made-up mountinfo. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isSharedMount } from './mounts.ts'

const MOUNTINFO = `21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 21 8:2 / /mnt rw,relatime - ext4 /dev/sda2 rw
31 30 8:3 / /mnt/disk rw,relatime master:7 - ext4 /dev/sda3 rw
32 30 8:4 / /mnt/twice rw,relatime shared:9 - ext4 /dev/sda4 rw
33 32 8:5 / /mnt/twice rw,relatime - ext4 /dev/sda5 rw
`

const PLACES: readonly (readonly [path: string, isShared: boolean])[] = [
  ['/', true],
  ['/home/media', true],
  ['/mnt', false],
  ['/mnt/media', false],
  ['/mnt/disk', true],
  ['/mnt/disk/media', true],
  ['/mnt/diskette', false],
  ['/mnter', true],
  ['/mnt/twice/media', false],
]

for (const [path, isShared] of PLACES) {
  test(`later mounts below ${path} ${isShared ? 'reach' : 'do not reach'} others`, () => {
    assert.equal(isSharedMount(path, MOUNTINFO), isShared)
  })
}
