/** Shows what the doctor says of what it finds: tables over answers, and probes of real folders in a process of their own. */
import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Remedy } from '@drive-feed/shared/make-writable.ts'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { databaseFindings, folderFindings, indexerFinding, inotifyFindings } from './doctor.ts'
import type { DatabaseProbe } from './probes/database-probe.ts'
import { isForWal, whatIsSeenOn } from './probes/filesystem-words.ts'
import type { FolderProbe } from './probes/folder-probe.ts'
import { askInChild } from './probes/in-child.ts'
import { clockFinding, landlockFinding, memoryFinding, nodeFinding, rightsFinding } from './probes/machine.ts'

const LIMITS = {
  watches: { allowed: 8192, raise: (needed: number) => `raise watches to ${needed}` },
  instances: { allowed: 128, raise: (needed: number) => `raise instances to ${needed}` },
}

test('limits of inotify are compared with what is needed', () => {
  const states = (folders: number, roots: number) =>
    inotifyFindings({ folders, isAtLeast: false }, roots, LIMITS).map(({ state }) => state)
  assert.deepEqual(states(8192, 127), ['fine', 'fine'])
  assert.deepEqual(states(8193, 128), ['to do', 'to do'])
  const [finding] = inotifyFindings({ folders: 10_000, isAtLeast: true }, 1, LIMITS)
  assert.equal(finding?.text, '8192 watches allowed, at least 10000 needed')
  assert.equal(finding?.fix, 'raise watches to 12500; for good in /etc/sysctl.d')
})

test('a disk that does not answer is told after the limit, and holds nothing up', async () => {
  const answer = await askInChild<FolderProbe>('never', null, 300)
  assert.deepEqual(answer, { kind: 'silent' })
  const [finding] = folderFindings('media', '/mnt/dead', answer)
  assert.equal(finding?.state, 'to do')
  assert.equal(finding?.text, '/mnt/dead does not answer within ten seconds')
  const [database] = databaseFindings('/data/feed.db', answer as never)
  assert.equal(database?.text, '/data does not answer within ten seconds')
})

test('a library that crashes ends only its own process', async () => {
  assert.equal((await askInChild('no such probe', null)).kind, 'failed')
})

test('a watched folder is looked at as the indexer would', async (t) => {
  const folder = temporaryFolder(t)
  mkdirSync(join(folder, 'photos/2024'), { recursive: true })
  mkdirSync(join(folder, '.zfs'))
  writeFileSync(join(folder, 'photos/a.jpg'), '')
  const answer = await askInChild<FolderProbe>('folder', folder)
  assert.ok(answer.kind === 'answered')
  const { folders, hasMore, unreadable, hasSnapshots, foldsCase, problem } = answer.value
  assert.deepEqual(
    { folders, hasMore, unreadable, hasSnapshots, foldsCase, problem },
    { folders: 4, hasMore: false, unreadable: null, hasSnapshots: true, foldsCase: false, problem: null },
  )
  const missing = await askInChild<FolderProbe>('folder', join(folder, 'nowhere'))
  assert.match(folderFindings('media', join(folder, 'nowhere'), missing)[0]?.text ?? '', /: it does not exist$/)
  const file = await askInChild<FolderProbe>('folder', join(folder, 'photos/a.jpg'))
  assert.match(folderFindings('media', 'a', file)[0]?.text ?? '', /: it is not a folder$/)
})

test('a file that this user may not read is named', {
  skip: process.getuid?.() === 0 && 'root reads all',
}, async (t) => {
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, 'secret'), '')
  chmodSync(join(folder, 'secret'), 0)
  const answer = await askInChild<FolderProbe>('folder', folder)
  assert.match(folderFindings('media', folder, answer)[0]?.fix ?? '', /CAP_DAC_READ_SEARCH/)
})

test('names in messages do not reach the terminal as they are', () => {
  const probe: FolderProbe = {
    ...{ problem: null, filesystem: 'ext4', source: '', below: [], foldsCase: false, hasSnapshots: false },
    ...{ folders: 1, hasMore: false, unreadable: { first: '/m/\u001b[31m', count: 2 } },
  }
  const [finding] = folderFindings('media', '/m', { kind: 'answered', value: probe })
  assert.equal(finding?.text, '"/m/\\u001b[31m" can\'t be read, and 1 more')
})

test('the place of a database is tried for real, and nothing is left there', async (t) => {
  const folder = temporaryFolder(t)
  const path = join(folder, 'feed.db')
  const answer = await askInChild<DatabaseProbe>('database', path)
  assert.ok(answer.kind === 'answered')
  assert.deepEqual([answer.value.unwritable, answer.value.walProblem, answer.value.status], [null, null, null])
  assert.deepEqual(readdirSync(folder), [])
  const missing = await askInChild<DatabaseProbe>('database', join(folder, 'new/feed.db'))
  assert.deepEqual(databaseFindings(join(folder, 'new/feed.db'), missing), [
    {
      ...{ topic: 'database', state: 'to do', text: `${folder}/new does not exist` },
      fix: `mount its disk, or make the folder: sudo install -d -o ${process.getuid?.()} -g ${process.getgid?.()} ${folder}/new`,
    },
  ])
})

test('a database that can not be written gets the line that helps', () => {
  const probe = (code: string, remedy: Remedy): DatabaseProbe => ({
    ...{ unwritable: { path: '/my data/feed.db', code, remedy }, walProblem: null },
    ...{ filesystem: 'ext4', freeBytes: 0, status: null },
  })
  const command = "sudo chown 1000:100 '/my data'"
  const fixOf = (code: string, remedy: Remedy = { kind: 'command', command }) =>
    databaseFindings('/my data/feed.db', { kind: 'answered', value: probe(code, remedy) })[0]?.fix
  assert.equal(fixOf('EACCES'), command)
  assert.equal(fixOf('EACCES', { kind: 'own folder' }), 'put the database into a folder of its own (database_url)')
  assert.equal(fixOf('EROFS'), 'the indexer needs it mounted for writing; the api does not')
})

test('filesystems are described, and those of other machines hold no database', () => {
  for (const type of ['nfs4', 'cifs', '9p', 'virtiofs', 'fuse.sshfs', 'fuse.mergerfs']) {
    assert.match(whatIsSeenOn(type) ?? '', /by a scan every hour$/)
    assert.ok(!isForWal(type), type)
  }
  for (const type of ['ext4', 'xfs', 'btrfs', 'zfs', 'overlay', 'tmpfs']) assert.ok(isForWal(type), type)
  assert.equal(whatIsSeenOn('strangefs'), null)
})

test('the indexer is judged by its heartbeat, by either side of the clock', () => {
  const nowMs = Date.parse('2026-01-01')
  const of = (state: string, heartbeatMs: number) => indexerFinding({ state, heartbeatMs, foldersKnown: 0 }, nowMs)
  assert.equal(of('watching', nowMs - 60_000).state, 'fine')
  assert.equal(of('stopped', 0).state, 'note')
  assert.equal(of('watching', nowMs - 600_000).text, 'its last sign of life is 600 s old')
  assert.equal(of('watching', nowMs + 600_000).text, 'its last sign of life is 600 s ahead of the clock')
})

test('the machine: versions, rights, clock and memory', () => {
  assert.equal(nodeFinding('22.1.0').state, 'to do')
  assert.equal(nodeFinding('24.1.0').state, 'fine')
  assert.equal(landlockFinding(0).state, 'note')
  assert.equal(rightsFinding(1000, 'CapEff:\t0000000000000000').state, 'note')
  assert.equal(rightsFinding(1000, 'CapEff:\t0000000000000004').state, 'fine')
  // What container engines give root.
  assert.match(rightsFinding(0, 'CapEff:\t00000000a80425fb').text, /may read every file \(CAP_DAC_OVERRIDE\)/)
  assert.equal(clockFinding(0).state, 'to do')
  assert.equal(memoryFinding(100 * 1024 * 1024).state, 'to do')
})
