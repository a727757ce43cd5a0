/**
 * Shows the audit on disks that come and go, and on disks that fold case. Mounted image files, and the audit as a
 * process.
 */
import assert from 'node:assert/strict'
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import Database from 'better-sqlite3'
import { untilConverged } from '../support/convergence.ts'
import { command, createDisks, noDisks } from '../support/disks.ts'
import { createPair } from '../support/pair.ts'
import { audit } from '../support/program.ts'

const skip = noDisks('ext4')

test('I7: nodes of a disk that is away are listed as away, and are no difference', { skip }, async (t) => {
  const disks = createDisks(t)
  const pair = await createPair(t)
  const disk = disks.create('ext4')
  const mountPoint = pair.path('folder', 'usb')
  mkdirSync(mountPoint, { recursive: true })
  await disks.mount(disk, mountPoint)
  mkdirSync(join(mountPoint, 'photos'))
  writeFileSync(join(mountPoint, 'photos', 'beach.jpg'), 'beach')
  await pair.startIndexer()
  await untilConverged(pair)
  const equal = { code: 0, lines: [], summary: 'no difference; 1 files and 5 folders are equal' }
  assert.deepEqual(await audit(pair, '--hashes'), equal)
  await disks.unmount(mountPoint)
  assert.deepEqual(await audit(pair, '--hashes'), {
    code: 0,
    lines: [`${mountPoint}: away, its filesystem is not mounted; 4 nodes are kept`],
    summary: 'no difference; 0 files and 2 folders are equal; 4 nodes are away and not compared',
  })
  await disks.mount(disk, mountPoint)
  // The disk may have another device number now, which the indexer has to see first.
  await untilConverged(pair)
  await pair.endIndexer()
  assert.deepEqual(await audit(pair, '--hashes'), equal)
})

const noExfat = () => {
  if (skip !== false) return skip
  try {
    command('sh', '-c', 'command -v mount.exfat-fuse mkfs.exfat')
    return false
  } catch {
    return 'needs exfat-fuse and exfatprogs'
  }
}

test('if names fold case, a name that is not listed is a difference though it can be looked at', {
  skip: noExfat(),
}, async (t) => {
  const pair = await createPair(t)
  const image = join(pair.folder, 'stick.img')
  writeFileSync(image, '')
  truncateSync(image, 24 << 20)
  command('mkfs.exfat', image)
  const device = command('losetup', '--find', '--show', image).trim()
  command('mount.exfat-fuse', device, pair.path())
  try {
    mkdirSync(pair.path('Photos'))
    writeFileSync(pair.path('Photos', 'Beach.jpg'), 'beach')
    writeFileSync(pair.path('Holiday.jpg'), 'holiday')
    await pair.startIndexer()
    await untilConverged(pair)
    await pair.endIndexer()
    assert.deepEqual((await audit(pair, '--hashes')).lines, [])
    new Database(pair.databasePath).exec("UPDATE nodes SET name = lower(name) WHERE name GLOB '[PH]*'").close()
    const { code, lines } = await audit(pair)
    assert.equal(code, 1)
    assert.deepEqual(lines, [
      `${pair.path('Holiday.jpg')}: a file on the disk, not in the database`,
      `${pair.path('Photos')}: a folder on the disk, not in the database`,
      `${pair.path('holiday.jpg')}: a file in the database, not on the disk`,
      `${pair.path('photos')}: a folder in the database, not on the disk`,
    ])
  } finally {
    if (!pair.indexer().exited()) await pair.endIndexer('SIGKILL')
    command('umount', '--lazy', pair.path())
    command('losetup', '--detach', device)
  }
})
