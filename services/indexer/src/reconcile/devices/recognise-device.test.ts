/** Shows which known device a mounted filesystem is: tables of signs and samples. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeviceRow } from '@drive-feed/shared/schema.ts'
import type { FilesystemSigns } from '../../scan/filesystem-signs.ts'
import { areSubvolumes, hasOtherNumbers, newDeviceName, recogniseDevice, type Sample } from './recognise-device.ts'

function device(name: string, other: Partial<DeviceRow> = {}): DeviceRow {
  return {
    device: name,
    currentNumber: name,
    filesystemId: '',
    filesystemType: 'xfs',
    mountSource: '/dev/sda1',
    mountRoot: '/',
    numbersLast: true,
    mountedAs: '',
    ...other,
  }
}

function signs(deviceNumber: string, other: Partial<FilesystemSigns> = {}): FilesystemSigns {
  return {
    deviceNumber,
    filesystemId: '',
    filesystemType: 'xfs',
    mountSource: '/dev/sda1',
    mountRoot: '/',
    top: '2:1',
    mountedAs: '',
    mountId: '',
    ...other,
  }
}

const NOTHING_KNOWN: Sample = { device: '', isSameTop: false, looked: 0, matched: 0, placesLooked: 0, placed: 0 }
const NONE_BOUND = new Set<string>()

function recognised(
  found: FilesystemSigns,
  candidates: readonly DeviceRow[],
  sample: Partial<Sample> = {},
  bound: ReadonlySet<string> = NONE_BOUND,
): string | null {
  return recogniseDevice(found, candidates, { ...NOTHING_KNOWN, ...sample }, bound)?.device ?? null
}

test('a filesystem id is enough, whatever number and source the filesystem has now', () => {
  const known = [device('10', { filesystemId: 'aa' }), device('11', { filesystemId: 'bb' })]
  assert.equal(recognised(signs('99', { filesystemId: 'bb', mountSource: '/dev/mapper/x' }), known), '11')
})

test('device numbers that were swapped by a reboot are told by the filesystem ids', () => {
  const known = [device('10', { filesystemId: 'aa' }), device('11', { filesystemId: 'bb' })]
  assert.equal(recognised(signs('10', { filesystemId: 'bb' }), known), '11')
  assert.equal(recognised(signs('11', { filesystemId: 'aa' }), known), '10')
})

test('another filesystem id is another filesystem, though number, source and inodes are those of a known one', () => {
  const known = [device('10', { filesystemId: 'aa' })]
  const sample = { device: '10', isSameTop: true, looked: 5, matched: 5 }
  assert.equal(recognised(signs('10', { filesystemId: 'cc' }), known, sample), null)
})

test('of two clones mounted at once the second is not taken for the first', () => {
  const known = [device('10', { filesystemId: 'aa' })]
  assert.equal(recognised(signs('20', { filesystemId: 'aa' }), known), '10')
  assert.equal(recognised(signs('20', { filesystemId: 'aa' }), known, {}, new Set(['10'])), null)
  const both = [...known, device('20', { filesystemId: 'aa' })]
  assert.equal(recognised(signs('20', { filesystemId: 'aa' }), both, {}, new Set(['10'])), '20')
})

test('without a filesystem id most of what is known at the place must be there again', () => {
  const known = [device('10')]
  const found = signs('77', { mountSource: '/dev/sdb1' })
  const at = (looked: number, matched: number) => ({ device: '10', isSameTop: true, looked, matched })
  assert.equal(recognised(found, known, at(8, 8)), '10')
  assert.equal(recognised(found, known, at(8, 4)), '10')
  assert.equal(recognised(found, known, at(8, 3)), null)
  assert.equal(recognised(found, known, { ...at(8, 8), isSameTop: false }), null)
})

test('an empty folder with a familiar inode is recognised only if its mount looks alike', () => {
  const known = [device('10')]
  const sample = { device: '10', isSameTop: true, looked: 0, matched: 0, placesLooked: 0, placed: 0 }
  assert.equal(recognised(signs('77'), known, sample), '10')
  assert.equal(recognised(signs('77', { mountSource: '/dev/sdb1' }), known, sample), null)
})

test('the same number of the same source is the same, unless nothing known is there any more', () => {
  const known = [device('10')]
  assert.equal(recognised(signs('10'), known), '10')
  assert.equal(recognised(signs('10', { mountRoot: '/other' }), known), null)
  assert.equal(recognised(signs('11'), known), null)
  const emptied = { device: '10', isSameTop: false, looked: 8, matched: 0 }
  assert.equal(recognised(signs('10'), known, emptied), null)
})

test('a device without an id that got one since is still found by what is on it', () => {
  const known = [device('10')]
  const sample = { device: '10', isSameTop: true, looked: 4, matched: 4 }
  assert.equal(recognised(signs('10', { filesystemId: 'aa' }), known, sample), '10')
})

test('a new device is called by its number, unless another had that number before', () => {
  assert.equal(newDeviceName('10', []), '10')
  assert.equal(newDeviceName('10', [device('10')]), '10.2')
  assert.equal(newDeviceName('10', [device('10'), device('10.2')]), '10.3')
})

test('I7: only subvolumes of one btrfs under one mount are deleted when they are gone, anything else is unmounted', () => {
  const top = device('10', { filesystemType: 'btrfs', filesystemId: '7576c1aa4a7576c1' })
  const inner = { ...top, device: '11', filesystemId: '7577c4aa4a7576c1' }
  assert.ok(areSubvolumes(inner, top))
  assert.ok(!areSubvolumes({ ...inner, mountRoot: '/inner' }, top), 'mounted on its own')
  assert.ok(
    !areSubvolumes({ ...inner, filesystemId: '7577c4aa00000000' }, top),
    'another disk that had the same source',
  )
  assert.ok(!areSubvolumes(device('1', { filesystemId: 'aa' }), device('2', { filesystemId: 'aa' })), 'no btrfs')
})

// Filesystems whose inode numbers do not last.

const stick = { filesystemType: 'fuseblk', mountSource: '/dev/sdb1' }

test('a stick is recognised by paths, sizes and times, whatever its numbers and its source are now', () => {
  const known = [device('10', stick)]
  const sample = { device: '10', looked: 3, matched: 0, placesLooked: 8, placed: 5 }
  assert.equal(recognised(signs('99', { ...stick, mountSource: '/dev/sdc1' }), known, sample), '10')
  assert.equal(recognised(signs('10', stick), known, { ...sample, placed: 3 }), null, 'most of it is not there')
})

test('a card with the same folders under the same numbers is another one: only files tell', () => {
  const sample = { device: '10', isSameTop: true, looked: 2, matched: 2, placesLooked: 5, placed: 0 }
  assert.equal(recognised(signs('10', stick), [device('10', stick)], sample), null)
})

test('a stick on which nothing is known is the one of its source', () => {
  const empty = { device: '10', isSameTop: true }
  assert.equal(recognised(signs('99', stick), [device('10', stick)], empty), '10')
  assert.equal(recognised(signs('99', { ...stick, mountSource: '/dev/sdz9' }), [device('10', stick)], empty), null)
})

test('another serial number is another stick, though all that is known is there', () => {
  const known = [device('10', { ...stick, filesystemId: 'exfat-1' })]
  const sample = { device: '10', isSameTop: true, looked: 2, matched: 2, placesLooked: 8, placed: 8 }
  assert.equal(recognised(signs('10', { ...stick, filesystemId: 'exfat-2' }), known, sample), null)
  assert.equal(recognised(signs('10', { ...stick, filesystemId: 'exfat-1' }), known, { device: '10' }), '10')
})

test('numbers that are others at every known place do not last, whatever the type says', () => {
  const sample = { ...NOTHING_KNOWN, device: '10', looked: 4, placesLooked: 4, placed: 4 }
  assert.ok(hasOtherNumbers(sample, device('10')))
  assert.ok(!hasOtherNumbers({ ...sample, matched: 1 }, device('10')))
  assert.ok(!hasOtherNumbers({ ...sample, placed: 1 }, device('10')), 'nothing known is there')
})

test('a pool or share of the same name is the same, though all in it was replaced while it was unmounted', () => {
  const pool = { filesystemType: 'fuse.mergerfs', mountSource: 'a:b' }
  const sample = { device: '10', looked: 3, placesLooked: 5, placed: 0 }
  assert.equal(recognised(signs('99', pool), [device('10', pool)], sample), '10')
  assert.equal(recognised(signs('99', { ...pool, mountSource: 'a:c' }), [device('10', pool)], sample), null)
})
