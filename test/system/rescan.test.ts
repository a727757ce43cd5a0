/** Shows `rescan`: the indexer lists anew what its owner asks for. Both run as processes on real folders. */
import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import Database from 'better-sqlite3'
import { rootState, untilOffline } from '../support/observations.ts'
import { createPair, type Pair } from '../support/pair.ts'
import { runProgram } from '../support/program.ts'
import { until } from '../support/until.ts'

function assertNothingIsLeft(pair: Pair): void {
  assert.deepEqual(
    readdirSync(dirname(pair.databasePath)).filter((name) => name.includes('rescan')),
    [],
  )
}

/** Leaves the row of `file` as if the kernel had not told of a change. */
function missAChange({ databasePath }: Pair): void {
  const sqlite = new Database(databasePath, { fileMustExist: true, timeout: 5_000 })
  sqlite.exec("UPDATE nodes SET size = 99, mtime = 1 WHERE name = 'file'")
  sqlite.close()
}

function sizeOfFile(pair: Pair): unknown {
  return pair.read((sqlite) => sqlite.prepare("SELECT size FROM nodes WHERE name = 'file'").pluck().get())
}

test('a folder, a root and all roots are listed anew, and the command waits for it', async (t) => {
  const pair = await createPair(t, { roots: ['media', 'other'] })
  const folder = pair.path('folder')
  mkdirSync(join(folder, 'deep'), { recursive: true })
  writeFileSync(join(folder, 'file'), 'bytes')
  await pair.startIndexer()
  const log = () => pair.indexer().stdout()
  missAChange(pair)
  const { status, output } = runProgram(pair, ['rescan', join(folder, 'file')])
  assert.deepEqual([status, output], [0, `${folder} was listed anew.\n`])
  assert.equal(sizeOfFile(pair), 5)
  await until('the log to name the folder', () => log().includes(`"path":"${folder}","msg":"the owner asks`))
  assert.ok(!log().includes('scanning again'), 'a folder is no whole root')

  missAChange(pair)
  assert.deepEqual(runProgram(pair, ['rescan', 'media']).output, `${pair.path()} was listed anew.\n`)
  assert.equal(sizeOfFile(pair), 5)
  await until('the log to name the root', () => log().includes('"root":"media","reason":"owner"'))
  assert.equal(runProgram(pair, ['rescan']).stdout.split('\n').length, 3)
  assertNothingIsLeft(pair)

  const outside = runProgram(pair, ['rescan', '/nowhere'])
  assert.equal(outside.status, 1)
  assert.match(
    outside.stderr,
    /^drive-feed rescan: \/nowhere is in no watched folder; there are:\n {2}media: \S+\n {2}other: \S+\n$/,
  )
  renameSync(pair.path(), `${pair.path()} away`)
  await untilOffline(pair)
  const offline = runProgram(pair, ['rescan'])
  assert.deepEqual([offline.status, offline.stdout.split('\n').length], [1, 2], 'the other one is listed')
  assert.match(offline.stderr, /^drive-feed rescan: media is offline: .*\n$/)
  assert.equal(rootState(pair, 'other'), 'watching')

  await pair.endIndexer()
  const nobody = runProgram(pair, ['rescan', 'other'])
  assert.deepEqual(
    [nobody.status, nobody.output],
    [1, 'drive-feed rescan: no indexer is running; it compares everything with the disk when it starts\n'],
  )
  assertNothingIsLeft(pair)
})
