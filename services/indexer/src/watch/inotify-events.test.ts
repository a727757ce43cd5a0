/** Shows how the kernel's bytes become events: tables of records. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nameToBytes } from '@drive-feed/shared/entry-name.ts'
import { decodeEvents, FOLDER_MASK, type WatchEvent } from './inotify-events.ts'

// Bits of inotify(7), written out once more so that a slip in the source is noticed.
const ACCESS = 0x1
const ATTRIB = 0x4
const CLOSE_WRITE = 0x8
const CLOSE_NOWRITE = 0x10
const OPEN = 0x20
const MOVED_FROM = 0x40
const MOVED_TO = 0x80
const CREATE = 0x100
const DELETE = 0x200
const DELETE_SELF = 0x400
const MOVE_SELF = 0x800
const UNMOUNT = 0x2000
const Q_OVERFLOW = 0x4000
const IGNORED = 0x8000
const ISDIR = 0x40000000

/** An event as the kernel writes it: the name ends with NUL and is padded with NULs to a multiple of 16 bytes. */
function rawEvent(watch: number, mask: number, name: string | Uint8Array = ''): Buffer {
  const bytes = Buffer.from(name as string)
  const padded = bytes.length === 0 ? 0 : Math.ceil((bytes.length + 1) / 16) * 16
  const event = Buffer.alloc(16 + padded)
  event.writeInt32LE(watch, 0)
  event.writeUInt32LE(mask, 4)
  event.writeUInt32LE(mask & (MOVED_FROM | MOVED_TO) ? 77 : 0, 8)
  event.writeUInt32LE(padded, 12)
  bytes.copy(event, 16)
  return event
}

const CASES: readonly [what: string, raw: Buffer, expected: WatchEvent[]][] = [
  ['a new file', rawEvent(1, CREATE, 'a'), [{ kind: 'created', watch: 1, name: 'a' }]],
  [
    'a new folder, which nobody closes',
    rawEvent(1, CREATE | ISDIR, 'a'),
    [{ kind: 'folder-moved', watch: 1, name: 'a' }],
  ],
  ['a closed file', rawEvent(2, CLOSE_WRITE, 'a'), [{ kind: 'written', watch: 2, name: 'a' }]],
  ['attributes', rawEvent(3, ATTRIB, 'a'), [{ kind: 'touched', watch: 3, name: 'a' }]],
  ['a deletion', rawEvent(3, DELETE, 'a'), [{ kind: 'touched', watch: 3, name: 'a' }]],
  ['the first half of a move', rawEvent(3, MOVED_FROM, 'a'), [{ kind: 'touched', watch: 3, name: 'a' }]],
  ['the second half of a move', rawEvent(4, MOVED_TO | ISDIR, 'b'), [{ kind: 'folder-moved', watch: 4, name: 'b' }]],
  ['attributes of the watched folder itself', rawEvent(3, ATTRIB | ISDIR), [{ kind: 'self', watch: 3 }]],
  ['the watched folder deleted', rawEvent(5, DELETE_SELF), [{ kind: 'self-moved', watch: 5 }]],
  ['the watched folder moved', rawEvent(5, MOVE_SELF), [{ kind: 'self-moved', watch: 5 }]],
  ['the filesystem unmounted', rawEvent(5, UNMOUNT), [{ kind: 'unmounted', watch: 5 }]],
  ['a watch dropped by the kernel', rawEvent(6, IGNORED), [{ kind: 'ignored', watch: 6 }]],
  ['a full queue, which has no watch', rawEvent(-1, Q_OVERFLOW), [{ kind: 'overflow' }]],
]

for (const [what, raw, expected] of CASES) {
  test(`${what} is decoded`, () => assert.deepEqual(decodeEvents(raw), expected))
}

test('nothing is no event', () => assert.deepEqual(decodeEvents(Buffer.alloc(0)), []))

test('events follow each other without a gap, whatever the padding of their names', () => {
  const lengths = [1, 14, 15, 16, 17, 31, 32, 254, 255]
  const names = lengths.map((length) => 'n'.repeat(length))
  const raw = Buffer.concat([
    ...names.map((name, at) => rawEvent(at + 1, CLOSE_WRITE, name)),
    rawEvent(-1, Q_OVERFLOW),
    rawEvent(9, IGNORED),
  ])
  assert.deepEqual(decodeEvents(raw), [
    ...names.map((name, at) => ({ kind: 'written', watch: at + 1, name })),
    { kind: 'overflow' },
    { kind: 'ignored', watch: 9 },
  ])
})

test('a name that fills its field has no NUL to end it', () => {
  const raw = rawEvent(1, DELETE, 'x'.repeat(15))
  raw[31] = 'y'.charCodeAt(0)
  assert.deepEqual(decodeEvents(raw), [{ kind: 'touched', watch: 1, name: `${'x'.repeat(15)}y` }])
})

test('a name that is not UTF-8 keeps its bytes', () => {
  const bytes = Buffer.from([0x61, 0xff, 0xc3, 0x28, 0xe2, 0x82])
  const [event] = decodeEvents(rawEvent(1, CREATE, bytes))
  assert.ok(event !== undefined && 'name' in event)
  assert.ok(nameToBytes(event.name).equals(bytes))
  const [plain] = decodeEvents(rawEvent(1, CREATE, 'Ä 😀'))
  assert.deepEqual(plain, { kind: 'created', watch: 1, name: 'Ä 😀' })
})

test('a decoded name does not keep the buffer it came in', () => {
  const raw = rawEvent(1, CREATE, 'before')
  const [event] = decodeEvents(raw)
  raw.fill(0)
  assert.deepEqual(event, { kind: 'created', watch: 1, name: 'before' })
})

test('folders are not watched for events that our own reading causes', () => {
  assert.equal(FOLDER_MASK & (ACCESS | OPEN | CLOSE_NOWRITE), 0)
  const wanted = CREATE | DELETE | MOVED_FROM | MOVED_TO | CLOSE_WRITE | ATTRIB | DELETE_SELF | MOVE_SELF
  assert.equal(FOLDER_MASK & wanted, wanted)
})
