/** Shows where each format keeps its serial number: made-up first sectors. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serialIn, volumeSerial } from './volume-serial.ts'

function sector(parts: readonly (readonly [at: number, bytes: string])[]): Buffer {
  const made = Buffer.alloc(512)
  for (const [at, bytes] of parts) made.write(bytes, at, 'latin1')
  return made
}

test('the serial number of a volume is where its format has it', () => {
  assert.equal(
    serialIn(
      sector([
        [3, 'EXFAT   '],
        [100, '\x01\x02\x03\xff'],
      ]),
    ),
    'exfat-ff030201',
  )
  assert.equal(
    serialIn(
      sector([
        [3, 'NTFS    '],
        [72, '\x01\x02\x03\x04\x05\x06\x07\x08'],
      ]),
    ),
    'ntfs-0807060504030201',
  )
  assert.equal(
    serialIn(
      sector([
        [82, 'FAT32   '],
        [67, 'abcd'],
      ]),
    ),
    'fat32-64636261',
  )
  assert.equal(
    serialIn(
      sector([
        [54, 'FAT16   '],
        [39, 'abcd'],
      ]),
    ),
    'fat1-64636261',
  )
  assert.equal(serialIn(sector([])), '')
})

test('a path that is no device, or can not be read, has none', () => {
  assert.equal(volumeSerial('mergerfs'), '')
  assert.equal(volumeSerial('/dev/null'), '')
  assert.equal(volumeSerial('/dev/nothing-of-the-kind'), '')
})
