/** Shows that memory is shared: written through the mapping and read through the descriptor, by the real kernel. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { closeSharedMemory, createSharedMemory, mapSharedMemory, readSharedMemory } from './shared-memory.ts'

test('what is stored in the mapping is read from the descriptor, and the mapping stays when the descriptor is closed', () => {
  const open = () => readdirSync('/proc/self/fd').length
  const before = open()
  const fd = createSharedMemory(8)
  assert.ok(fd !== null)
  assert.deepEqual(new Int32Array(readSharedMemory(fd, 8)), new Int32Array([0, 0]))
  const mapped = mapSharedMemory(fd, 8)
  assert.ok(mapped !== null)
  const fields = new Int32Array(mapped)
  fields.set([7, -1])
  assert.deepEqual(new Int32Array(readSharedMemory(fd, 8)), new Int32Array([7, -1]))
  closeSharedMemory(fd)
  assert.equal(fields[0], 7)
  assert.equal(open(), before)
})

test('a descriptor of something else can not be mapped', () => {
  assert.equal(mapSharedMemory(987_654, 8), null)
})
