/**
 * Shows that a backup is one state of the database though the database is written all the time, that it is there whole or
 * not at all, and that what can't be done is one line and leaves nothing behind. The program runs as a process.
 */
import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { copyDatabase, finishCopy } from '@drive-feed/shared/database-copy.ts'
import { openWriter } from '@drive-feed/shared/open-database.ts'
import Database from 'better-sqlite3'
import { enterOwnMounts } from '../../../test/support/own-mounts.ts'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import { COMMANDS } from '../commands.ts'
import { runProgram } from '../program.ts'

const MAIN = join(import.meta.dirname, '../main.ts')

function createHome(t: TestContext) {
  const folder = temporaryFolder(t)
  mkdirSync(join(folder, 'db'))
  mkdirSync(join(folder, 'media'))
  mkdirSync(join(folder, 'copies'))
  const databasePath = join(folder, 'db', 'feed.db')
  const config = join(folder, 'server.yaml')
  writeFileSync(config, JSON.stringify({ database_url: databasePath, watches: { media: join(folder, 'media') } }))
  const { sqlite } = openWriter(databasePath)
  sqlite.pragma('synchronous = OFF')
  t.after(() => sqlite.close())
  const append = sqlite.prepare("INSERT INTO changes (node_id, first_change_id) VALUES ('x', 1)")
  const args = (...words: string[]) => [MAIN, 'backup', ...words, `--config=${config}`]
  return {
    folder,
    databasePath,
    config,
    sqlite,
    copy: (name: string) => join(folder, 'copies', name),
    copies: () => readdirSync(join(folder, 'copies')),
    change: () => Number(append.run().lastInsertRowid),
    /** Makes the database larger. */
    fill: (rows: number) =>
      sqlite.exec(`WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})
        INSERT INTO changes (node_id, first_change_id) SELECT 'node ' || i, i FROM n`),
    args,
    /** In this process, for what prints nothing but a mistake. */
    refused: async (...words: string[]) => {
      let stderr = ''
      const output = {
        out: assert.fail,
        error: (text: string) => {
          stderr += text
        },
      }
      const status = await runProgram(COMMANDS, args(...words).slice(1), output)
      assert.equal(stderr.split('\n').length, 2, stderr)
      return { status, stderr }
    },
    backUp: (...words: string[]) => spawnSync(process.execPath, args(...words), { encoding: 'utf8' }),
  }
}

function headOf(path: string): unknown {
  const sqlite = new Database(path, { readonly: true })
  const head = sqlite.prepare('SELECT max(change_id) FROM changes').pluck().get()
  assert.equal(sqlite.pragma('journal_mode', { simple: true }), 'delete', 'one file, which read-only disks can hold')
  assert.equal(sqlite.pragma('integrity_check', { simple: true }), 'ok')
  sqlite.close()
  return head
}

test('the copy has what is in -wal too, as private as the database, and its size and head are said', (t) => {
  const home = createHome(t)
  home.change()
  chmodSync(home.databasePath, 0o640)
  const target = home.copy('a.db')
  const { status, stdout, stderr } = home.backUp(target)
  assert.deepEqual([status, stderr], [0, ''])
  assert.match(stdout, /^\S+a\.db: \d+ KiB, head 1, schema version \d+; checked, and it is whole\n$/)
  assert.equal(headOf(target), 1)
  assert.equal(statSync(target).mode & 0o777, 0o640)
  home.change()
  const again = home.backUp(target, '--force', '--json')
  assert.deepEqual(JSON.parse(again.stdout).head, 2)
  assert.equal(headOf(target), 2)
  assert.deepEqual(home.copies(), ['a.db'])
})

test('the copy is the state of one moment, though the writer commits between all steps, and nobody waits', async (t) => {
  const home = createHome(t)
  home.fill(200_000)
  const target = home.copy('a.db')
  let steps = 0
  await copyDatabase(home.databasePath, target, () => {
    home.change()
    steps += 1
  })
  assert.ok(steps > 1)
  assert.equal(finishCopy(target, target).head, 200_000)
  assert.equal(headOf(target), 200_000)
})

test('an older database can be backed up before it is upgraded', (t) => {
  const home = createHome(t)
  home.sqlite.pragma('user_version = 6')
  assert.match(home.backUp(home.copy('a.db')).stdout, /schema version 6/)
})

test('what must not be written is refused, and stays as it was', async (t) => {
  const home = createHome(t)
  const { databasePath } = home
  const others = {
    taken: home.copy('taken'),
    beside: home.copy('beside.db'),
    link: home.copy('link'),
    alias: home.copy('alias'),
  }
  writeFileSync(others.taken, 'mine')
  writeFileSync(`${others.beside}-wal`, 'of another one')
  linkSync(databasePath, others.link)
  symlinkSync(databasePath, others.alias)
  const before = home.copies()
  for (const [says, ...words] of [
    [/taken is already there; name another file, or use --force\n$/, others.taken],
    [/beside\.db-wal lies there and would be taken for a part of the copy; /, others.beside, '--force'],
    ...['', '-wal', '-shm', '.lock'].map(
      (end) => [/ is, or is named like, a file that /, databasePath + end, '--force'] as const,
    ),
    ...[others.link, others.alias, home.copy('x.db-wal')].map(
      (path) => [/ is, or is named like, a file that /, path, '--force'] as const,
    ),
  ] as const) {
    const { status, stderr } = await home.refused(...words)
    assert.equal(status, 1, stderr)
    assert.match(stderr, says)
  }
  assert.deepEqual(home.copies(), before)
  assert.equal(readFileSync(others.taken, 'utf8'), 'mine')
})

test('--force replaces a former copy alone, or an empty file, also behind a link', async (t) => {
  const home = createHome(t)
  for (const name of ['indexer.log', 'api.log']) writeFileSync(join(home.folder, name), '')
  const [text, fifo, dangling, link] = ['text', 'fifo', 'dangling', 'link'].map(home.copy) as [
    string,
    string,
    string,
    string,
  ]
  writeFileSync(text, 'SQLite format 3, but a letter')
  execFileSync('mkfifo', [fifo])
  symlinkSync('nowhere', dangling)
  const before = home.copies()
  for (const [says, status, path] of [
    [/text is no copy of a database, so --force does not replace it; /, 1, text],
    [/fifo is no copy of a database, /, 1, fifo],
    [/dangling can't be written: ENOENT/, 2, dangling],
    [/ is the config of drive-feed, or a log beside it; /, 1, home.config],
    [/ is the config of drive-feed, or a log beside it; /, 1, join(home.folder, 'api.log')],
    [
      /a\.db is in the watched folder media, and would become part of the feed; /,
      1,
      join(home.folder, 'media', 'a.db'),
    ],
  ] as const) {
    const answer = await home.refused(path, '--force')
    assert.match(answer.stderr, says)
    assert.equal(answer.status, status)
  }
  assert.deepEqual(home.copies(), before)
  writeFileSync(home.copy('empty'), '')
  symlinkSync('empty', link)
  assert.equal(home.backUp(link, '--force').status, 0)
  assert.deepEqual([headOf(home.copy('empty')), lstatSync(link).isSymbolicLink()], [null, true])
})

test('what is not there is said in one line', async (t) => {
  const home = createHome(t)
  mkdirSync(home.copy('folder'))
  for (const [says, target] of [
    [/copies\/folder is a folder; name a file in it\n$/, home.copy('folder')],
    [/can't be written: ENOENT/, home.copy('none/a.db')],
    [/can't be written: ENOENT/, '/proc/a.db'],
  ] as const) {
    const { status, stderr } = await home.refused(target)
    assert.equal(status, 2, stderr)
    assert.match(stderr, says)
  }
  home.sqlite.close()
  for (const ending of ['', '-wal', '-shm']) rmSync(home.databasePath + ending, { force: true })
  assert.equal((await home.refused(home.copy('a.db'))).status, 2)
  assert.deepEqual(home.copies(), ['folder'])
})

test('a damaged database gives no copy', async (t) => {
  const home = createHome(t)
  home.fill(20_000)
  home.sqlite.close()
  const bytes = readFileSync(home.databasePath)
  bytes.fill(0xa5, 200_000, 250_000)
  writeFileSync(home.databasePath, bytes)
  const { status, stderr } = await home.refused(home.copy('a.db'))
  assert.deepEqual([status, home.copies()], [2, []], stderr)
  assert.match(stderr, /^drive-feed backup: \S+ is damaged: [^\n]+\n$/)
})

test('a signal ends it without leaving anything, and what a kill leaves goes with the next backup', async (t) => {
  const home = createHome(t)
  home.fill(1_000_000)
  const target = home.copy('a.db')
  for (const [signal, isLeft] of [
    ['SIGTERM', false],
    ['SIGKILL', true],
  ] as const) {
    const child = spawn(process.execPath, home.args(target), { stdio: ['ignore', 'ignore', 'pipe'] })
    let stderr = ''
    child.stderr.on('data', (text) => {
      stderr += text
    })
    const ended = new Promise((resolve) => child.once('close', resolve))
    while (home.copies().length === 0) await new Promise((resolve) => setImmediate(resolve))
    child.kill(signal)
    const code = await ended
    if (!isLeft) assert.deepEqual([code, stderr], [1, 'drive-feed backup: interrupted; nothing was left behind\n'])
    assert.equal(
      home.copies().some((name) => name.startsWith('a.db.partial-')),
      isLeft,
    )
    assert.ok(!existsSync(target))
  }
  assert.equal(home.backUp(target).status, 0)
  assert.deepEqual(home.copies(), ['a.db'])
})

test('a full disk and a read-only one are said in one line, and nothing is left there', {
  skip: enterOwnMounts(),
}, (t) => {
  let disk = ''
  // Before the folder's own clean-up, which can't remove a mount point.
  t.after(() => execFileSync('umount', ['--lazy', disk]))
  const home = createHome(t)
  home.fill(20_000)
  disk = home.copy('disk')
  mkdirSync(disk)
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'drive-feed-test', disk])
  const full = home.backUp(join(disk, 'a.db'))
  assert.deepEqual([full.status, readdirSync(disk)], [2, []], full.stderr)
  assert.match(full.stderr, /^drive-feed backup: there is no room for \S+a\.db on its disk; make room\n$/)
  execFileSync('mount', ['-o', 'remount,ro', disk])
  const readOnly = home.backUp(join(disk, 'a.db'))
  assert.equal(readOnly.status, 2)
  assert.match(readOnly.stderr, /^drive-feed backup: \S+a\.db can't be written: EROFS: [^\n]+\n$/)
})
