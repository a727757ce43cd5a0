/** Shows that bad input to each subcommand is one clear line, with its exit code and nothing on standard output. */
import assert from 'node:assert/strict'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { feedFolder } from '../../test/support/feed-folder.ts'
import { runProgram } from '../../test/support/program.ts'
import { temporaryFolder } from '../../test/support/temporary-folder.ts'
import { EXIT_NOT_WELL, EXIT_UNUSABLE } from './exit-codes.ts'

const NO_DATABASE: readonly (readonly string[])[] = [
  ...['status', 'audit', 'du', 'watch', 'rescan', 'duplicates'].map((name) => [name]),
  ['accept-empty', 'media'],
]

for (const args of NO_DATABASE) {
  test(`without a database: ${args.join(' ')}`, (t) => {
    const folder = temporaryFolder(t)
    const configPath = join(folder, 'server.yaml')
    writeFileSync(
      configPath,
      JSON.stringify({ database_url: join(folder, 'feed.db'), watches: { media: '/mnt/media' } }),
    )
    const { status, stdout, stderr } = runProgram({ configPath }, args)
    assert.deepEqual([status, stdout], [EXIT_UNUSABLE, ''])
    const why =
      args[0] === 'status'
        ? 'there is no database yet: start the indexer'
        : "database_url: .*feed\\.db can't be opened: .*"
    assert.match(stderr, new RegExp(`^drive-feed ${args[0]}: ${why}\\n$`))
    assert.deepEqual(readdirSync(folder), ['server.yaml'])
  })
}

test('a mistake on the command line, and a refusal', async (t) => {
  const place = await feedFolder(t)
  const before = readdirSync(place.folder)
  for (const [args, code, says] of [
    [['accept-empty'], EXIT_UNUSABLE, /^drive-feed accept-empty: missing required argument 'NAME\|PATH'; see .*\n$/],
    [
      ['accept-empty', 'meda'],
      EXIT_NOT_WELL,
      /^drive-feed accept-empty: no watched folder is called "meda"; .*\n {2}media: .*\n$/,
    ],
    [['accept-empty', '../x'], EXIT_NOT_WELL, /^drive-feed accept-empty: \.\.\/x is not an absolute path: .*\n$/],
    [
      ['rescan', '/nowhere'],
      EXIT_NOT_WELL,
      /^drive-feed rescan: \/nowhere is in no watched folder; .*\n {2}media: .*\n$/,
    ],
    [
      ['rescan', '/mnt/media/@eaDir/photos'],
      EXIT_NOT_WELL,
      /^drive-feed rescan: \/mnt\/media\/@eaDir is excluded \(exclude and .*\), so it is not listed\n$/,
    ],
    [['rescan', 'media'], EXIT_NOT_WELL, /^drive-feed rescan: no indexer is running; .*\n$/],
    [['rescan', 'a', 'b'], EXIT_UNUSABLE, /^drive-feed rescan: too many arguments.*\n$/],
    [['audit', 'x'], EXIT_UNUSABLE, /^drive-feed audit: too many arguments.*\n$/],
    [['watch', '--jsn'], EXIT_UNUSABLE, /^drive-feed watch: unknown option '--jsn'.*\n$/],
    [['completion', 'tcsh'], EXIT_UNUSABLE, /^drive-feed completion: unknown option '--config=.*\n$/],
  ] as const) {
    const { status, stdout, stderr } = runProgram(place, args)
    assert.deepEqual([status, stdout], [code, ''], stderr)
    assert.match(stderr, says)
  }
  assert.deepEqual(readdirSync(place.folder), before)
})
