/** Shows that reads of a picture stay within the file and their limits. Bytes in memory and real files. */
import assert from 'node:assert/strict'
import { closeSync, openSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../../../../../test/support/temporary-folder.ts'
import { OutOfReachError, READING_LIMITS, readerOfBytes, readerOfFile } from './bounded-reader.ts'

const BYTES = Buffer.from(Array.from({ length: 256 }, (_, n) => n))

test('numbers of every length and order, and text, stand where they are asked for', () => {
  const reader = readerOfBytes(BYTES)
  assert.equal(reader.size, 256)
  assert.equal(reader.uint(0xfe, 1), 0xfe)
  assert.equal(reader.uint(1, 2), 0x0102)
  assert.equal(reader.uint(1, 2, 'little'), 0x0201)
  assert.equal(reader.uint(1, 3), 0x010203)
  assert.equal(reader.uint(0xf0, 4), 0xf0f1f2f3)
  assert.equal(reader.uint(0xf0, 4, 'little'), 0xf3f2f1f0)
  assert.equal(reader.uint(0, 8), 0x0001020304050607)
  assert.equal(reader.uint(0xf8, 8, 'little'), Number(0xfffefdfcfbfaf9f8n))
  assert.equal(reader.text(0x41, 3), 'ABC')
  assert.deepEqual(reader.bytes(1, 2), Buffer.from([1, 2]))
})

test('a part is a file of its own', () => {
  const part = readerOfBytes(BYTES).within(0x40, 4)
  assert.equal(part.size, 4)
  assert.equal(part.text(1, 3), 'ABC')
  assert.equal(part.within(1, 99).text(0, 3), 'ABC')
  assert.throws(() => part.uint(4, 1), OutOfReachError)
  assert.throws(() => part.uint(-1, 1), OutOfReachError)
  assert.equal(readerOfBytes(BYTES).within(0xff, 99).size, 1)
})

test('nothing is beyond the end, before the start, or nowhere', () => {
  const reader = readerOfBytes(BYTES)
  for (const at of [253, 256, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60]) {
    assert.throws(() => reader.uint(at, 4), OutOfReachError, String(at))
  }
  assert.throws(() => reader.bytes(0, 257), OutOfReachError)
  assert.throws(() => reader.bytes(0, -1), OutOfReachError)
})

test('steps, reads and bytes have an end each', () => {
  const content = Buffer.alloc(1024 * 1024)
  const steps = readerOfBytes(content, { ...READING_LIMITS, steps: 2 })
  steps.uint(0, 1)
  steps.within(0, 2).uint(0, 1)
  assert.throws(() => steps.uint(0, 1), OutOfReachError)

  const reads = readerOfBytes(content, { ...READING_LIMITS, reads: 2 })
  reads.uint(0, 1)
  reads.uint(500_000, 1)
  reads.uint(500_100, 1)
  assert.throws(() => reads.uint(0, 1), OutOfReachError)

  const bytes = readerOfBytes(content, { ...READING_LIMITS, bytes: 10_000 })
  bytes.bytes(0, 6000)
  assert.throws(() => bytes.bytes(20_000, 6000), OutOfReachError)
})

test('a file that becomes shorter ends where it ends, and the offset of its descriptor stays', (context) => {
  const path = join(temporaryFolder(context), 'file')
  writeFileSync(path, Buffer.alloc(20_000, 'x'))
  const fd = openSync(path, 'r')
  context.after(() => closeSync(fd))
  const reader = readerOfFile(fd, 20_000)
  assert.equal(reader.text(10_000, 1), 'x')
  truncateSync(path, 15_000)
  assert.equal(reader.text(14_999, 1), 'x')
  assert.throws(() => reader.text(14_999, 2), OutOfReachError)
  assert.throws(() => reader.text(19_000, 1), OutOfReachError)
})
