/** Holds node ids to those of the original program: a table. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { furtherNodeId, plainNodeId } from './node-id.ts'

// Computed with Python: uuid.uuid5(uuid.NAMESPACE_URL, f'{device}:{inode}').
const PLAIN: readonly (readonly [device: string, inode: string, id: string])[] = [
  ['0', '0', '87e5c202-6fde-5913-85bb-eb85ef6ae822'],
  ['2049', '131074', 'ee52ddfe-3c29-5278-aeb6-53da6cd50604'],
  ['38', '12345678901234567890', '5a641118-0cd8-5145-ba51-13e65eb00831'],
  ['18446744073709551615', '18446744073709551615', 'b1926a5d-d184-5937-a38f-95fe14fad330'],
  ['66306', '2', '312f01c6-e6ab-51e1-bab8-d53ec805c27d'],
]

const PARENT_ID = 'b36ef85f-b783-5302-a8ce-c8bb76c1c1e3'

// Computed with Python from SHA-1 of the namespace and f'2049:131074:{PARENT_ID}/' with the name's bytes after it.
const FURTHER: readonly (readonly [rawName: Buffer, attempt: number, id: string])[] = [
  [Buffer.from('i.jpg'), 0, 'fbfbdeb5-bab9-548a-97c9-1c026357d658'],
  [Buffer.from('ä.jpg'), 0, 'b5ff95d2-2984-5a32-9133-cfe6c5badef1'],
  [Buffer.from('caf\xe9', 'latin1'), 0, '48cf03d4-b90b-5977-b2f9-c327534ef3c3'],
  [Buffer.from('i.jpg'), 1, '991648cf-376d-5e78-b33c-636d2b604a98'],
  [Buffer.from('i.jpg'), 2, 'be16e95a-38af-5909-8518-3c1a89f6ca4f'],
]

test('the id of a first name is the one that the original program gives', () => {
  for (const [device, inode, id] of PLAIN) assert.equal(plainNodeId(device, inode), id)
})

test('the id of a further name depends on its place and its bytes, and on the attempt', () => {
  for (const [rawName, attempt, id] of FURTHER) {
    assert.equal(furtherNodeId('2049', '131074', PARENT_ID, rawName, attempt), id)
  }
})
