/** Shows what identifies a filesystem: lines of a made-up mountinfo, and the real kernel for a real folder. */
import assert from 'node:assert/strict'
import { lstatSync } from 'node:fs'
import { test } from 'node:test'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { filesystemSigns, mountOf } from './filesystem-signs.ts'

const MOUNTS = `21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
22 21 0:20 / /proc rw - proc proc rw
30 21 8:17 / /mnt/media rw shared:5 master:2 - xfs /dev/sdb1 rw
31 30 8:33 /photos /mnt/media/photos rw - ext4 /dev/sdc1 rw
32 21 8:49 / /mnt/with\\040space\\011and\\134backslash rw - vfat /dev/sdd1 rw
33 21 0:40 /@data /mnt/btrfs rw - btrfs /dev/sde rw
34 21 259:3 / /mnt/nvme rw - ext4 /dev/nvme0n1p3 rw
35 21 8:65 / /mnt/twice rw - ext4 /dev/sdf1 rw
36 35 8:65 /over /mnt/twice rw - ext4 /dev/sdf1 rw
`

/** makedev(3) */
function device(major: number, minor: number): bigint {
  const [high, low] = [BigInt(major), BigInt(minor)]
  return ((high & ~0xfffn) << 32n) | ((high & 0xfffn) << 8n) | ((low & ~0xffn) << 12n) | (low & 0xffn)
}

const CASES: readonly [what: string, device: bigint, path: string, point: string, source: string][] = [
  ['the root', device(8, 1), '/srv', '/', '/dev/sda1'],
  ['a mount point itself', device(8, 17), '/mnt/media', '/mnt/media', '/dev/sdb1'],
  ['what is below a mount point', device(8, 17), '/mnt/media/a/b', '/mnt/media', '/dev/sdb1'],
  ['the longest of several mount points', device(8, 33), '/mnt/media/photos/2020', '/mnt/media/photos', '/dev/sdc1'],
  ['a sibling with a longer name', device(8, 17), '/mnt/media/photos2', '/mnt/media', '/dev/sdb1'],
  [
    'the device, though a longer mount point leads there',
    device(8, 17),
    '/mnt/media/photos',
    '/mnt/media',
    '/dev/sdb1',
  ],
  [
    'a name with blanks and backslashes',
    device(8, 49),
    '/mnt/with space\tand\\backslash/x',
    '/mnt/with space\tand\\backslash',
    '/dev/sdd1',
  ],
  ['a btrfs subvolume, whose number no line has', device(0, 77), '/mnt/btrfs/sub', '/mnt/btrfs', '/dev/sde'],
  ['a large major number', device(259, 3), '/mnt/nvme', '/mnt/nvme', '/dev/nvme0n1p3'],
]

for (const [what, number, path, point, source] of CASES) {
  test(`the line of mountinfo is found: ${what}`, () => {
    const line = mountOf(MOUNTS, number, path)
    assert.deepEqual([line?.point, line?.source], [point, source])
  })
}

test('of two mounts on one point the later one is on top', () => {
  assert.equal(mountOf(MOUNTS, device(8, 65), '/mnt/twice/x')?.root, '/over')
})

test('the type and the mounted part are found', () => {
  const line = { root: '/photos', point: '/mnt/media/photos', type: 'ext4', source: '/dev/sdc1' }
  assert.deepEqual(mountOf(MOUNTS, device(8, 33), '/mnt/media/photos'), line)
})

test('mountinfo that can not be read gives no line', () => {
  assert.equal(mountOf('', device(8, 1), '/'), undefined)
  assert.equal(mountOf('half a line\n21 1 8:1 /', device(8, 1), '/'), undefined)
})

test('a real folder has the signs of its filesystem', (t) => {
  const path = temporaryFolder(t)
  const signs = filesystemSigns(path)
  assert.ok(signs !== null)
  assert.equal(signs.deviceNumber, lstatSync(path, { bigint: true }).dev.toString())
  assert.notEqual(signs.filesystemType, '')
  assert.match(signs.filesystemId, /^([0-9a-f]{16}|[0-9a-f]{32})?$/)
  assert.deepEqual(filesystemSigns(path), signs)
})

test('a pseudo filesystem has no usable id', () => {
  const signs = filesystemSigns('/proc')
  assert.equal(signs?.filesystemType, 'proc')
  assert.equal(filesystemSigns('/proc/self')?.mountSource, signs?.mountSource)
})

test('a missing path has no signs', (t) => {
  assert.equal(filesystemSigns(`${temporaryFolder(t)}/nowhere`), null)
  assert.equal(filesystemSigns('/proc/self/stat/x'), null)
})
