/** Shows how connections are counted, refused and logged. Stand-ins for sockets, and a clock of the test. */
import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import pino from 'pino'
import { createConnectionLimits } from './connection-limits.ts'

function connection(): Socket {
  const socket = new EventEmitter()
  return Object.assign(socket, { destroy: () => socket.emit('close') }) as unknown as Socket
}

function limitsOf(options: { maxConnections?: number; left?: () => number; makeRoom?: () => void }) {
  const log: { msg: string }[] = []
  const logger = pino({}, { write: (line: string) => void log.push(JSON.parse(line)) })
  const limits = createConnectionLimits({
    maxConnections: 1_000,
    makeRoom: () => {},
    left: () => 1_000,
    logger,
    ...options,
  })
  return { limits, log }
}

test('where files run out, connections are turned away before there is none left', () => {
  let left = 40
  const { limits, log } = limitsOf({ left: () => left })
  const open: Socket[] = []
  for (let count = 0; count < 100; count += 1) {
    const socket = connection()
    socket.once('close', () => {
      left += 1
    })
    left -= 1
    open.push(socket)
    limits.opened(socket)
    assert.ok(left >= 15, `${left} files are left`)
  }
  assert.ok(limits.droppedTotal() > 60)
  assert.deepEqual(
    log.map(({ msg }) => /^too many files are open/.test(msg)),
    [true],
  )
  for (const socket of open) socket.destroy()
  const later = connection()
  limits.opened(later)
  assert.equal(limits.isInReserve(later), false)
  later.destroy()
})

test('both shortages are said, each once', () => {
  let left = 1_000
  const { limits, log } = limitsOf({ maxConnections: 1, left: () => left })
  const all = Array.from({ length: 30 }, connection)
  for (const socket of all) limits.opened(socket)
  all[0]?.destroy()
  left = 0
  const more = Array.from({ length: 30 }, connection)
  for (const socket of more) limits.opened(socket)
  assert.deepEqual(
    log.map(({ msg }) => msg.split(' ')[0]),
    ['max_connections', 'too'],
  )
  assert.equal(limits.droppedTotal(), 29 + 30 - 8)
  for (const socket of [...all, ...more]) socket.destroy()
})

test('a process that may open no file, so that nobody tells of connections, says so and makes room', (t) => {
  t.mock.timers.enable({ apis: ['setInterval', 'setTimeout'] })
  let left = 1_000
  let room = 0
  const makeRoom = () => {
    room += 1
  }
  const { limits, log } = limitsOf({ left: () => left, makeRoom })
  const socket = connection()
  limits.opened(socket)
  t.mock.timers.tick(60_000)
  assert.deepEqual([limits.droppedTotal(), room], [0, 0])
  left = 0
  t.mock.timers.tick(60_000)
  assert.ok(limits.droppedTotal() > 0 && room > 0)
  assert.equal(log.length, 1)
  socket.destroy()
  const before = room
  t.mock.timers.tick(60_000)
  assert.equal(room, before, 'nothing is looked at while there is no connection')
})
