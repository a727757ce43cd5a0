/**
 * Shows that no file's name acts on a terminal that shows it. Both services run as processes on a folder with such
 * names.
 */
import assert from 'node:assert/strict'
import { chmodSync, chownSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { rootRow } from '../support/observations.ts'
import { createPair, type Pair } from '../support/pair.ts'
import { runProgram } from '../support/program.ts'
import { until } from '../support/until.ts'

/** A title, a bell, a line break, text turned around, a colour by one C1 byte, and another line separator. */
const HOSTILE = '\x1b]0;pwned\x07\nsecond line\u202egpj\x9b31m\u2028'
const NOBODY = 65_534
const skip = process.getuid?.() === 0 ? false : 'needs root, to run the indexer as another user'
/** Runs a command on a terminal. `printf %q` quotes the words for the shell that `script` runs. */
const TERMINAL = ['bash', '-c', 'exec script -qec "$(printf "%q " "$@")" /dev/null', 'bash']

// Otherwise the readable lines have colours of our own.
process.env.NO_COLOR = '1'

function assertSafe(text: string, what: string): void {
  for (const line of text.replaceAll('\r\n', '\n').split('\n')) {
    const shown = JSON.stringify(line)
    assert.doesNotMatch(line, /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u, `${what}: ${shown}`)
    assert.doesNotMatch(line, /^second line/, `${what}: ${shown}`)
  }
}

function run(pair: Pair, ...args: readonly string[]): string {
  return runProgram(pair, args).output
}

async function untilMessage(pair: Pair, words: RegExp): Promise<void> {
  const message = await until(`a message, ${words}`, () => {
    const row = rootRow(pair, HOSTILE)
    return words.test(row?.message ?? '') ? row?.message : null
  })
  assert.match(message, /pwned/)
  assertSafe(message, 'watch_roots.message')
}

for (const [where, within] of [
  ['in JSON', []],
  ['on a terminal', TERMINAL],
] as const) {
  test(`no name reaches a reader unescaped: log ${where}, message, audit, accept-empty`, { skip }, async (t) => {
    const pair = await createPair(t, { roots: [HOSTILE], uid: NOBODY, within })
    const closed = pair.path(`${HOSTILE} closed`)
    for (const path of [closed, pair.path('open')]) {
      mkdirSync(path)
      writeFileSync(join(path, HOSTILE), 'x')
      chownSync(path, NOBODY, NOBODY)
    }
    chmodSync(closed, 0)
    const indexer = pair.launchIndexer()
    await until('the indexer to begin', () => indexer.stdout().includes('root is attached') || indexer.exited())
    await untilMessage(pair, /can't be read/)
    writeFileSync(pair.path('open', `${HOSTILE} added`), 'y')
    renameSync(pair.path(), `${pair.path()} away`)
    await untilMessage(pair, /is not there as a folder/)
    const audits = [run(pair, 'audit')]
    renameSync(`${pair.path()} away`, pair.path())
    await until('the root to be back', () => rootRow(pair, HOSTILE)?.state === 'watching')
    await pair.endIndexer()
    writeFileSync(pair.path('open', `${HOSTILE} more`), 'z')
    writeFileSync(pair.path('open', HOSTILE), 'changed')
    audits.push(run(pair, 'audit'))
    for (const [at, output] of audits.entries()) {
      assert.match(output, /pwned/)
      assertSafe(output, `audit ${at}`)
    }
    for (const name of [HOSTILE, 'unknown']) assertSafe(run(pair, 'accept-empty', name), 'accept-empty')
    const { stdout, stderr } = pair.indexer()
    for (const words of ["can't be read", 'is offline', 'pwned']) assert.ok(stdout().includes(words), stdout())
    assertSafe(stdout(), 'the log')
    assertSafe(stderr(), 'standard error')
  })
}

test('the message about a mistake in the config has no raw byte of a name or a path', async (t) => {
  const pair = await createPair(t, { roots: [HOSTILE] })
  for (const roots of [
    { [HOSTILE]: '/nowhere\x9b31m' },
    { a: pair.path(), b: pair.path(HOSTILE) },
    { [`${HOSTILE}/`]: '/' },
  ]) {
    pair.configure({ roots })
    const indexer = pair.launchIndexer()
    await indexer.exit()
    assert.match(indexer.stderr(), /pwned/)
    assertSafe(indexer.stderr(), 'standard error')
  }
  pair.configure({ roots: { a: '/nowhere' }, other: { [HOSTILE]: 1, log_path: HOSTILE } })
  assertSafe(run(pair, 'audit'), 'audit')
})
