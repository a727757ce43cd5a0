/**
 * Shows what looking at folders reports, and that nothing is called gone which was not seen to be (I7). Real folders
 * and the real kernel.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { nameToBytes } from '@drive-feed/shared/entry-name.ts'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import type { Sight } from '../model/sight.ts'
import { countOf, createSightsBuilder, nameAt, sightAt } from '../model/sights.ts'
import { type LookAnswer, type LookRequest, type LookTools, look } from './look.ts'

const TOOLS: LookTools = {
  isExcluded: (name) => name === '.DS_Store' || name.endsWith('.tmp'),
  addWatch: () => assert.fail('nobody asked for a watch'),
}

function lookAt(path: string, other: Partial<LookRequest> = {}, tools: Partial<LookTools> = {}) {
  const sights = createSightsBuilder()
  const request = { path, expected: null, names: null, inotifyFd: null, ...other }
  const answer = look(request, { ...TOOLS, ...tools }, sights)
  const packed = sights.pack()
  return {
    answer,
    seen: new Map(Array.from({ length: countOf(packed) }, (_, at) => [nameAt(packed, at), sightAt(packed, at)])),
  }
}

function identityOf(path: string): { deviceNumber: string; inode: string } {
  const { dev, ino } = statSync(path, { bigint: true })
  return { deviceNumber: dev.toString(), inode: ino.toString() }
}

function kinds(seen: ReadonlyMap<string, Sight>): Record<string, string> {
  return Object.fromEntries(Array.from(seen, ([name, { kind }]): [string, string] => [name, kind]).toSorted())
}

function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length
}

/** A folder with one entry of each kind. */
async function everything(t: TestContext): Promise<string> {
  const top = temporaryFolder(t)
  writeFileSync(join(top, 'file'), 'four')
  linkSync(join(top, 'file'), join(top, 'further name'))
  mkdirSync(join(top, 'folder'))
  symlinkSync('file', join(top, 'link to a file'))
  symlinkSync('folder', join(top, 'link to a folder'))
  symlinkSync('nowhere', join(top, 'link to nothing'))
  execFileSync('mkfifo', [join(top, 'fifo')])
  const server = createServer()
  t.after(() => server.close())
  await new Promise<void>((resolve) => server.listen(join(top, 'socket'), resolve))
  writeFileSync(join(top, '.DS_Store'), '')
  mkdirSync(join(top, 'folder.tmp'))
  return top
}

test('a listing has files and folders; links, FIFOs and sockets are there but never listed', async (t) => {
  const top = await everything(t)
  const { answer, seen } = lookAt(top)
  assert.ok(answer.kind === 'seen')
  assert.deepEqual([answer.from, answer.to], [0, 8])
  assert.deepEqual(answer.watch, { kind: 'not-asked' })
  assert.deepEqual(kinds(seen), {
    fifo: 'unlisted',
    file: 'file',
    folder: 'folder',
    'further name': 'file',
    'link to a file': 'unlisted',
    'link to a folder': 'unlisted',
    'link to nothing': 'unlisted',
    socket: 'unlisted',
  })
  const file = seen.get('file')
  assert.ok(file?.kind === 'file')
  assert.deepEqual([file.size, file.links], [4, 2])
  assert.equal(file.inode, identityOf(join(top, 'file')).inode)
  assert.equal(answer.folder.inode, identityOf(top).inode)
})

test('names that are asked for are answered in that order, gone and excluded ones too', async (t) => {
  const top = await everything(t)
  const names = ['nowhere', 'file', '.DS_Store', 'folder', 'fifo', 'x.tmp', 'file/below', 'n'.repeat(256)]
  const { answer, seen } = lookAt(top, { names })
  assert.ok(answer.kind === 'seen')
  assert.deepEqual([...seen.keys()], names)
  assert.deepEqual(
    Array.from(seen.values(), ({ kind }) => kind),
    ['gone', 'file', 'unlisted', 'folder', 'unlisted', 'unlisted', 'gone', 'unreadable'],
  )
})

test('several looks share one batch', (t) => {
  const top = temporaryFolder(t)
  writeFileSync(join(top, 'a'), '')
  const sights = createSightsBuilder()
  sights.pushGone('of another folder')
  const answer = look({ path: top, expected: null, names: null, inotifyFd: null }, TOOLS, sights)
  assert.ok(answer.kind === 'seen')
  assert.deepEqual([answer.from, answer.to, sights.length], [1, 2, 2])
})

test('the folder at the path must be the one that is meant', (t) => {
  const top = temporaryFolder(t)
  const path = join(top, 'folder')
  mkdirSync(path)
  const expected = identityOf(path)
  assert.equal(lookAt(path, { expected }).answer.kind, 'seen')
  for (const other of [{ inode: '1' }, { deviceNumber: '1' }]) {
    assert.equal(lookAt(path, { expected: { ...expected, ...other } }).answer.kind, 'elsewhere')
  }
  renameSync(path, join(top, 'renamed'))
  assert.equal(lookAt(path, { expected }).answer.kind, 'elsewhere')
  mkdirSync(path)
  assert.equal(lookAt(path, { expected }).answer.kind, 'elsewhere')
  assert.equal(lookAt(join(top, 'renamed'), { expected }).answer.kind, 'seen')
})

const NO_FOLDERS: readonly [what: string, make: (path: string) => void][] = [
  ['nothing', () => {}],
  ['a file', (path) => writeFileSync(path, '')],
  ['a symbolic link to a folder', (path) => symlinkSync('/', path)],
  ['a FIFO, which would block whoever opens it', (path) => void execFileSync('mkfifo', [path])],
]

for (const [what, make] of NO_FOLDERS) {
  test(`I7: if ${what} is where a folder was, the folder is elsewhere, and no place in it is called gone`, (t) => {
    const path = join(temporaryFolder(t), 'place')
    make(path)
    const { answer, seen } = lookAt(path, { names: ['a'] })
    assert.equal(answer.kind, 'elsewhere')
    assert.equal(seen.size, 0)
    assert.equal(lookAt(join(path, 'below'), {}).answer.kind, 'elsewhere')
  })
}

test('I7: a folder that may not be read says nothing of what is in it', (t) => {
  const top = temporaryFolder(t, 'for others')
  const path = join(top, 'secret')
  mkdirSync(path)
  writeFileSync(join(path, 'a'), '')
  try {
    chmodSync(path, 0o000)
    const closed = asNobody(() => lookAt(path, { names: ['a'] }))
    assert.equal(closed.answer.kind, 'unreadable')
    assert.equal(closed.seen.size, 0)
    // The names may be read, but not the entries.
    chmodSync(path, 0o444)
    assert.deepEqual(kinds(asNobody(() => lookAt(path)).seen), { a: 'unreadable' })
  } finally {
    chmodSync(path, 0o700)
  }
})

test('I7: a name that can not be looked at, such as one too long, is unreadable', (t) => {
  const top = temporaryFolder(t)
  const { answer } = lookAt(join(top, 'n'.repeat(300)))
  assert.ok(answer.kind === 'unreadable')
  assert.match(answer.problem, /ENAMETOOLONG/)
})

test('names that are no UTF-8 are read, reported and found again by their bytes', (t) => {
  const top = temporaryFolder(t)
  const names = ['x\udcff', '\udcc3(', 'x\ufffd', 'Ä', 'plain']
  for (const name of names) writeFileSync(Buffer.concat([Buffer.from(`${top}/`), nameToBytes(name)]), name)
  const { seen } = lookAt(top)
  assert.deepEqual([...seen.keys()].toSorted(), names.toSorted())
  for (const { kind } of seen.values()) assert.equal(kind, 'file')
  assert.deepEqual(new Set(kindsOf(lookAt(top, { names }).seen)), new Set(['file']))
  assert.deepEqual(kindsOf(lookAt(top, { names: ['x\udcfe'] }).seen), ['gone'])
})

test('a folder whose own name is no UTF-8 is listed', (t) => {
  const top = temporaryFolder(t)
  const bytes = Buffer.concat([Buffer.from(`${top}/`), nameToBytes('f\udcff')])
  mkdirSync(bytes)
  writeFileSync(Buffer.concat([bytes, Buffer.from('/a')]), '')
  assert.deepEqual(kinds(lookAt(`${top}/f\udcff`).seen), { a: 'file' })
})

test('a path longer than the kernel takes in one call is walked in steps', (t) => {
  const top = temporaryFolder(t)
  const name = 'Ä'.repeat(120)
  let fd = openSync(top, 'r')
  const path = [top]
  try {
    for (let at = 0; at < 40; at += 1) {
      mkdirSync(`/proc/self/fd/${fd}/${name}`)
      const below = openSync(`/proc/self/fd/${fd}/${name}`, 'r')
      closeSync(fd)
      fd = below
      path.push(name)
    }
    writeFileSync(`/proc/self/fd/${fd}/at the end`, '')
    const long = path.join('/')
    assert.ok(Buffer.byteLength(long) > 2 * 4_096)
    assert.deepEqual(kinds(lookAt(long).seen), { 'at the end': 'file' })
    assert.deepEqual(kinds(lookAt(path.slice(0, -1).join('/')).seen), { [name]: 'folder' })
    assert.equal(lookAt(`${long}/nowhere`).answer.kind, 'elsewhere')
    assert.equal(lookAt(long, { expected: { deviceNumber: '1', inode: '1' } }).answer.kind, 'elsewhere')
  } finally {
    closeSync(fd)
    // Node removes by whole paths and fails here; rm(1) goes step by step.
    execFileSync('rm', ['-rf', join(top, name)])
  }
})

test('the watch is set before the folder is listed, through the very folder that is listed', (t) => {
  const top = temporaryFolder(t)
  const asked: string[] = []
  const addWatch: LookTools['addWatch'] = (inotifyFd, path) => {
    asked.push(`${inotifyFd}`)
    assert.equal(identityOf(path).inode, identityOf(top).inode)
    // A listing made before would miss what appears now.
    writeFileSync(join(top, 'made while the watch was set'), '')
    return { kind: 'watched', watch: 7 }
  }
  const { answer, seen } = lookAt(top, { inotifyFd: 3 }, { addWatch })
  assert.ok(answer.kind === 'seen')
  assert.deepEqual(answer.watch, { kind: 'watched', watch: 7 })
  assert.deepEqual([...seen.keys()], ['made while the watch was set'])
  assert.deepEqual(asked, ['3'])
})

test('a refused watch does not keep the folder from being listed', (t) => {
  const top = temporaryFolder(t)
  writeFileSync(join(top, 'a'), '')
  const { answer, seen } = lookAt(top, { inotifyFd: 3 }, { addWatch: () => ({ kind: 'refused', errno: 28 }) })
  assert.ok(answer.kind === 'seen')
  assert.deepEqual(answer.watch, { kind: 'refused', errno: 28 })
  assert.equal(seen.size, 1)
})

test('no watch is set on another folder than the one that is meant', (t) => {
  const expected = { ...identityOf(temporaryFolder(t)), inode: '1' }
  assert.equal(lookAt(temporaryFolder(t), { expected, inotifyFd: 3 }).answer.kind, 'elsewhere')
})

test('a folder that vanishes while it is looked at is no error', (t) => {
  const top = join(temporaryFolder(t), 'folder')
  mkdirSync(top)
  writeFileSync(join(top, 'a'), '')
  const addWatch: LookTools['addWatch'] = () => {
    rmSync(top, { recursive: true })
    return { kind: 'watched', watch: 1 }
  }
  const { answer, seen } = lookAt(top, { inotifyFd: 3 }, { addWatch })
  assert.deepEqual([...seen.keys()], [])
  assert.ok((['seen', 'elsewhere'] satisfies LookAnswer['kind'][] as string[]).includes(answer.kind))
})

test('no descriptor is left open, whatever the answer', async (t) => {
  const top = await everything(t)
  const before = openDescriptors()
  const expected = { ...identityOf(top), inode: '1' }
  for (let round = 0; round < 20; round += 1) {
    lookAt(top)
    lookAt(top, { expected })
    lookAt(join(top, 'file'))
    lookAt(join(top, 'n'.repeat(300)))
    lookAt(`${top}${'/folder'.repeat(1_000)}`)
  }
  assert.equal(openDescriptors(), before)
})

function kindsOf(seen: ReadonlyMap<string, Sight>): string[] {
  return Array.from(seen.values(), ({ kind }) => kind)
}

/** Does the work as another user: root may read everything. */
function asNobody<T>(work: () => T): T {
  if (process.geteuid?.() !== 0) return work()
  process.seteuid?.(65_534)
  try {
    return work()
  } finally {
    process.seteuid?.(0)
  }
}
