/** Shows how a command line is read, and with which line and exit code each mistake ends. Commands made up by the test. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError } from '@drive-feed/shared/config/config-error.ts'
import { VERSION } from '@drive-feed/shared/version.ts'
import { CONFIG_OPTION, type CommandDefinition, CommandError, type Given, JSON_OPTION } from './command.ts'
import { COMMANDS } from './commands.ts'
import { EXIT_BUG, EXIT_NOT_WELL, EXIT_UNUSABLE } from './exit-codes.ts'
import { runProgram } from './program.ts'

async function ask(argv: readonly string[], run: (given: Given) => Promise<number> = async () => 0) {
  const definition: CommandDefinition = {
    ...{ name: 'look', summary: 'Look at things', description: ['It looks.'] },
    operands: [{ name: 'PATH', summary: 'what to look at', isOptional: true }],
    options: [CONFIG_OPTION, JSON_OPTION],
    examples: [{ command: 'drive-feed look', does: 'looks' }],
    load: async () => run,
  }
  const texts = { out: '', error: '' }
  const code = await runProgram([definition], argv, {
    out: (text) => {
      texts.out += text
    },
    error: (text) => {
      texts.error += text
    },
  })
  return { code, ...texts }
}

test('a command gets its operands, options and defaults', async () => {
  const given: Given[] = []
  const keep = async (one: Given) => {
    given.push(one)
    return EXIT_NOT_WELL
  }
  assert.equal((await ask(['look', '/a', '--json'], keep)).code, EXIT_NOT_WELL)
  await ask(['look', '--config=/b.yaml'], keep)
  assert.deepEqual(given, [
    { operands: ['/a'], options: { config: '/data/server.yaml', json: true } },
    { operands: [], options: { config: '/b.yaml', json: undefined } },
  ])
})

const MISTAKES = [
  { argv: [], says: /Usage: drive-feed/ },
  { argv: ['lok'], says: /^drive-feed: unknown command 'lok' \(Did you mean look\?\); see drive-feed --help\n$/ },
  { argv: ['look', '--jsn'], says: /^drive-feed look: unknown option '--jsn'.*; see drive-feed look --help\n$/ },
  { argv: ['look', '--config'], says: /^drive-feed look: option '--config <PATH>' argument missing; / },
  { argv: ['look', 'a', 'b'], says: /^drive-feed look: too many arguments.*\n$/ },
  { argv: ['look', '--\u001b[31m'], says: /^drive-feed look: unknown option '--\\u001b\[31m'/ },
]

for (const { argv, says } of MISTAKES) {
  test(`a mistake is one line and exit code 2: ${JSON.stringify(argv)}`, async () => {
    const { code, out, error } = await ask(argv)
    assert.equal(code, EXIT_UNUSABLE)
    assert.match(error + out, says)
  })
}

test('what a command throws is one line, unless it is a bug', async () => {
  const failing = (error: Error) => async () => {
    throw error
  }
  assert.deepEqual(await ask(['look'], failing(new CommandError('nothing there', EXIT_NOT_WELL))), {
    ...{ code: EXIT_NOT_WELL, out: '' },
    error: 'drive-feed look: nothing there\n',
  })
  assert.equal((await ask(['look'], failing(new ConfigError('bad')))).code, EXIT_UNUSABLE)
  const bug = await ask(['look'], failing(new TypeError('oops')))
  assert.equal(bug.code, EXIT_BUG)
  assert.match(bug.error, /^drive-feed look: a bug: TypeError: oops\n {4}at /)
})

test('a command whose part is not in the image says where it is; any other missing module is a bug', async () => {
  const definition = (place: string): CommandDefinition => ({
    ...{ name: 'look', summary: 'Look at things', description: [], operands: [], options: [], examples: [] },
    load: () => import(new URL(place, import.meta.url).href),
  })
  const run = async (place: string) => {
    let text = ''
    const error = (more: string) => {
      text += more
    }
    return { code: await runProgram([definition(place)], ['look'], { out: assert.fail, error }), text }
  }
  assert.deepEqual(await run('../../services/none.ts'), {
    code: EXIT_UNUSABLE,
    text: 'drive-feed look: it is not in this image; run it in the container of the indexer\n',
  })
  assert.equal((await run('./none.ts')).code, EXIT_BUG)
})

test('every command has help, a version, and examples', async () => {
  for (const { name, examples, summary } of COMMANDS) {
    let out = ''
    const output = {
      out: (text: string) => {
        out += text
      },
      error: assert.fail,
    }
    assert.equal(await runProgram(COMMANDS, [name, '--help'], output), 0)
    assert.match(out, new RegExp(`Usage: drive-feed ${name}`))
    assert.equal(await runProgram(COMMANDS, [name, '--version'], output), 0)
    assert.ok(out.endsWith(`drive-feed ${VERSION}\n`))
    assert.ok(examples.length > 0 && examples.every(({ command }) => command.includes(`drive-feed ${name}`)), name)
    assert.ok(!summary.endsWith('.'))
  }
})
