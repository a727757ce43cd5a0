/** Shows how a command line is read, and what is printed for a wrong one. A small program runs for each case. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { VERSION } from './version.ts'

const SOURCE = `import { parseCommandLine } from '${new URL('./command-line.ts', import.meta.url).href}'
  const argv = process.argv.slice(1)
  const options = JSON.parse(process.env.OPTIONS ?? '{}')
  const { configPath, operand } = parseCommandLine({ program: 'drive-feed-api', summary: 'Serves it.', argv, ...options })
  console.log([configPath, operand].join(' ').trim())`

function run(...argv: string[]) {
  return runWith({}, ...argv)
}

function runWith(options: { readonly operand?: string }, ...argv: string[]) {
  const args = ['--input-type=module-typescript', '--eval', SOURCE, '--', ...argv]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    env: { ...process.env, OPTIONS: JSON.stringify(options) },
  })
  return { status, stdout, stderr }
}

test('the config is the one that is named, then that of the variable, otherwise /data/server.yaml', () => {
  process.env.DRIVE_FEED_CONFIG = '/config.yaml'
  assert.equal(run().stdout, '/config.yaml\n')
  assert.equal(run('--config=feed.yaml').stdout, 'feed.yaml\n')
  process.env.DRIVE_FEED_CONFIG = ''
  assert.deepEqual(run(), { status: 0, stdout: '/data/server.yaml\n', stderr: '' })
  assert.deepEqual(run('--config=/etc/feed.yaml'), { status: 0, stdout: '/etc/feed.yaml\n', stderr: '' })
  assert.deepEqual(run('--config', 'feed.yaml'), { status: 0, stdout: 'feed.yaml\n', stderr: '' })
})

test('a program that needs an operand gets it, before or after the options', () => {
  const named = { operand: 'NAME' }
  assert.equal(runWith(named, 'media', '--config=a.yaml').stdout, 'a.yaml media\n')
  assert.equal(runWith(named, '--config=a.yaml', 'media').stdout, 'a.yaml media\n')
  const stderr = 'drive-feed-api: needs one NAME; see drive-feed-api --help\n'
  assert.deepEqual(runWith(named), { status: 2, stdout: '', stderr })
  assert.deepEqual(runWith(named, 'one', 'two'), { status: 2, stdout: '', stderr })
  assert.match(runWith(named, '--help').stdout, /^Serves it\.\n\nUsage: drive-feed-api NAME \[--config=PATH\]\n/)
})

test('--help and --version print and end with 0', () => {
  const help = run('--help')
  assert.equal(help.status, 0)
  assert.match(help.stdout, /^Serves it\.\n\nUsage: drive-feed-api \[--config=PATH\]\n/)
  assert.deepEqual(run('--version'), { status: 0, stdout: `drive-feed-api ${VERSION}\n`, stderr: '' })
})

test('anything unknown ends with 2 and one line', () => {
  const mistakes = [
    [['--confg=x'], "Unknown option '--confg'"],
    [['extra'], "Unexpected argument 'extra'"],
    [['--config'], "Option '--config <value>' argument missing"],
    [['--config='], '--config needs the path of a file'],
    [['--help=3'], "Option '-h, --help' does not take an argument"],
  ] as const
  for (const [argv, what] of mistakes) {
    const stderr = `drive-feed-api: ${what}; see drive-feed-api --help\n`
    assert.deepEqual(run(...argv), { status: 2, stdout: '', stderr })
  }
})
