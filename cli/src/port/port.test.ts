/** Shows how processes, addresses and locks are found: texts of /proc, and this process's own sockets. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { NetworkInterfaceInfo } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import { addressForOthers, askedAt, shownHost } from './addresses.ts'
import { hasOneOf, listenersAt, listenersIn, processOf } from './listeners.ts'
import { findPortHolder } from './port-holder.ts'
import { flocksIn } from './running-indexer.ts'
import { nextFreePort, tryPort } from './try-port.ts'

const TCP = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000    33        0 1081 1 0000000015acf6fd 100 0 0 10 0
   1: 0100007F:1F90 0100007F:8000 01 00000000:00000000 00:00000000 00000000     0        0 1082 1 0000000015acf6fd 100 0 0 10 0
`
const TCP6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000000000000:1F91 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 77 1 0 100 0 0 10 0
`

test('sockets that listen are found in both tables, and connections are not', () => {
  assert.deepEqual(listenersIn([TCP, TCP6], 8080), [{ inode: '1081', uid: 33 }])
  assert.deepEqual(listenersIn([TCP, TCP6], 8081), [{ inode: '77', uid: 1000 }])
  assert.deepEqual(listenersIn([TCP, TCP6, ''], 80), [])
})

test('the holder of a lock is found by the inode, whatever the device is called', () => {
  const locks = `1: FLOCK  ADVISORY  WRITE 4050 fe:00:1499525 0 EOF
2: POSIX  ADVISORY  WRITE 12 fe:00:1499525 0 EOF
2: -> FLOCK  ADVISORY  WRITE 13 fe:00:1499525 0 EOF
3: FLOCK  ADVISORY  WRITE 0 00:2f:1499525 0 EOF
4: FLOCK  ADVISORY  WRITE 14 00:2f:99525 0 EOF
`
  assert.deepEqual(flocksIn(locks, '1499525'), [4050])
})

test('a port that another program has is taken, with the process, and the next free one is found', async (t) => {
  const server = createServer((_, response) => response.end('hello'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  assert.deepEqual(await tryPort('0.0.0.0', port), { kind: 'taken' })
  const free = await nextFreePort('127.0.0.1', port)
  assert.ok(free !== null && free > port)
  assert.equal(processOf(listenersAt(port)), process.pid)
  assert.ok(hasOneOf(process.pid, listenersAt(port)))
  const folder = temporaryFolder(t)
  const place = {
    host: '0.0.0.0',
    port,
    databasePath: join(folder, 'feed.db'),
    configPath: join(folder, 'server.yaml'),
  }
  const holder = await findPortHolder(place)
  assert.equal(holder.kind, 'other program')
  assert.match(holder.name ?? '', new RegExp(`^process ${process.pid}, `))
})

test('an answer that only another drive-feed gives is one, with or without a token', async (t) => {
  const folder = temporaryFolder(t)
  let withToken = false
  const asked: (string | undefined)[] = []
  const server = createServer((request, response) => {
    asked.push(request.headers.authorization)
    if (withToken) response.writeHead(401, { 'Content-Type': 'application/problem+json; charset=utf-8' })
    else response.setHeader('Feed-Epoch', '01234567-89ab-cdef-0123-456789abcdef')
    response.end('{}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  const place = {
    host: '127.0.0.1',
    port,
    databasePath: join(folder, 'feed.db'),
    configPath: join(folder, 'server.yaml'),
  }
  assert.equal((await findPortHolder(place)).kind, 'other drive-feed')
  withToken = true
  assert.equal((await findPortHolder(place)).kind, 'other drive-feed')
  assert.deepEqual(asked, [undefined, undefined], 'a stranger is told no token')
})

test('an address that this machine does not have is refused with what to do', async () => {
  const refused = await tryPort('192.0.2.1', 8080)
  assert.deepEqual(refused, {
    kind: 'refused',
    reason: 'host: 192.0.2.1 is no address of this machine (EADDRNOTAVAIL); use one that it has, or ::',
  })
})

const info = (family: 'IPv4' | 'IPv6', address: string, internal = false) =>
  ({ family, address, internal }) as NetworkInterfaceInfo

test('the address for other machines is one that they reach', () => {
  const loopback = { lo: [info('IPv4', '127.0.0.1', true), info('IPv6', '::1', true)] }
  const docker = { docker0: [info('IPv4', '172.17.0.1')] }
  const both = {
    ...loopback,
    ...docker,
    eth0: [info('IPv6', 'fe80::1'), info('IPv4', '192.168.1.5'), info('IPv6', '2001:db8::5')],
  }
  const onlyIpv6 = { ...loopback, eth0: [info('IPv6', 'fe80::1'), info('IPv6', '2001:db8::5')] }
  assert.equal(addressForOthers('0.0.0.0', both), '192.168.1.5')
  assert.equal(addressForOthers('::', both), '192.168.1.5')
  assert.equal(addressForOthers('::', onlyIpv6), '[2001:db8::5]')
  assert.equal(addressForOthers('0.0.0.0', onlyIpv6), null, '0.0.0.0 is IPv4 alone')
  assert.equal(addressForOthers('0.0.0.0', { ...loopback, ...docker }), null)
  assert.equal(addressForOthers('127.0.0.1', both), null)
  assert.equal(addressForOthers('192.168.1.5', {}), '192.168.1.5')
  assert.equal(askedAt('::'), '[::1]')
  assert.equal(shownHost('0.0.0.0'), 'localhost')
  assert.equal(shownHost('127.0.0.1'), 'localhost')
  assert.equal(shownHost('fd00::1'), '[fd00::1]')
})
