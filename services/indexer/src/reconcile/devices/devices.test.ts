/** Shows which stable name a filesystem gets while device numbers change. The mounts are those of a made-up machine. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeviceRow } from '@drive-feed/shared/schema.ts'
import type { FilesystemSigns } from '../../scan/filesystem-signs.ts'
import { createDevices } from './devices.ts'
import type { Sample } from './recognise-device.ts'

const NOTHING_KNOWN: Sample = { device: '', isSameTop: false, looked: 0, matched: 0, placesLooked: 0, placed: 0 }

/** Devices over mounts that the test changes: path to device number and filesystem id. */
function machine(mounts: Record<string, readonly [deviceNumber: string, filesystemId: string, top?: string]>) {
  const rows = new Map<string, DeviceRow>()
  const signs = async (path: string): Promise<FilesystemSigns | null> => {
    const mount = mounts[path]
    if (mount === undefined) return null
    const [deviceNumber, filesystemId, top = '2:0'] = mount
    return {
      deviceNumber,
      filesystemId,
      filesystemType: 'ext4',
      mountSource: '/dev/x',
      mountRoot: '/',
      top,
      mountedAs: '',
      mountId: '',
    }
  }
  const start = () =>
    createDevices({
      signs,
      rows: () => [...rows.values()],
      save: (row) => void rows.set(row.device, row),
      onDoubt: () => {},
    })
  return { start, rows }
}

const nothing = async () => NOTHING_KNOWN

test('a number that the kernel gave to another filesystem is not believed any longer', async () => {
  const mounts: Parameters<typeof machine>[0] = { '/a': ['10', 'aa'], '/b': ['11', 'bb'] }
  const devices = machine(mounts).start()
  assert.equal(await devices.resolve('10', '/a', nothing), '10')
  assert.equal(await devices.resolve('11', '/b', nothing), '11')
  // Unmounted, and mounted again in the other order.
  Object.assign(mounts, { '/a': ['11', 'aa'], '/b': ['10', 'bb'] })
  assert.equal(await devices.resolve('11', '/a', nothing), '10')
  assert.equal(await devices.resolve('10', '/b', nothing), '11')
  assert.deepEqual([devices.numberOf('10'), devices.numberOf('11')], ['11', '10'])
})

test('a btrfs subvolume that got the number of a deleted one is a device of its own', async () => {
  const mounts: Parameters<typeof machine>[0] = { '/snapshots/1': ['50', 'one'] }
  const devices = machine(mounts).start()
  assert.equal(await devices.resolve('50', '/snapshots/1', nothing), '50')
  delete mounts['/snapshots/1']
  mounts['/snapshots/2'] = ['50', 'two']
  assert.equal(await devices.resolve('50', '/snapshots/2', nothing), '50.2')
})

test('of clones each keeps its name, whichever of them is met first', async () => {
  const mounts: Parameters<typeof machine>[0] = { '/a': ['10', 'same'], '/b': ['11', 'same'] }
  const at = machine(mounts)
  const before = at.start()
  assert.equal(await before.resolve('10', '/a', nothing), '10')
  assert.equal(await before.resolve('11', '/b', nothing), '11')
  const known = (device: string) => async () => ({
    device,
    isSameTop: true,
    looked: 4,
    matched: 4,
    placesLooked: 4,
    placed: 4,
  })
  const after = at.start()
  assert.equal(await after.resolve('11', '/b', known('11')), '11')
  assert.equal(await after.resolve('10', '/a', known('10')), '10')
  // The number that one of them had belongs to the other now.
  Object.assign(mounts, { '/a': ['11', 'same'], '/b': ['10', 'same'] })
  const swapped = at.start()
  assert.equal(await swapped.resolve('10', '/b', known('11')), '11')
  assert.equal(await swapped.resolve('11', '/a', known('10')), '10')
})

test('after a mount only the numbers stay that are what they were where they were met', async () => {
  const mounts: Parameters<typeof machine>[0] = { '/a': ['10', ''], '/b': ['11', ''], '/c': ['12', 'cc'] }
  const devices = machine(mounts).start()
  for (const path of ['/a', '/b', '/c']) await devices.resolve(mounts[path]?.[0] ?? '', path, nothing)
  delete mounts['/a']
  mounts['/b'] = ['11', '', 'another inode']
  await devices.confirm()
  assert.deepEqual(
    ['10', '11', '12'].map((number) => devices.nameOf(number)),
    [undefined, undefined, '12'],
  )
})

test('a place that can not be asked, or is another filesystem by now, has no name yet', async () => {
  const devices = machine({ '/a': ['10', 'aa'] }).start()
  assert.equal(await devices.resolve('10', '/nowhere', nothing), null)
  assert.equal(await devices.resolve('11', '/a', nothing), null)
})
