/** Shows the completions and the manual by the programs that read them, those that are on this machine. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import { COMMANDS } from '../commands.ts'
import { bashCompletion } from './bash.ts'
import { fishCompletion } from './fish.ts'
import { manualPage } from './manual.ts'
import { zshCompletion } from './zsh.ts'

const without = (program: string) => spawnSync(program, ['--version']).error !== undefined && `there is no ${program}`

/** Words as bash splits them: at `=` too. */
const ASK = `source ./completion.bash
compopt() { :; }
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_drive_feed
printf '%s\\n' "\${COMPREPLY[@]}"`

test('bash completes commands, options, and names of files with spaces', { skip: without('bash') }, (t) => {
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, 'completion.bash'), bashCompletion(COMMANDS))
  mkdirSync(join(folder, 'a folder'))
  writeFileSync(join(folder, 'a file'), '')
  const ask = (...words: string[]) => {
    const args = ['--norc', '-uc', ASK, 'bash', 'drive-feed', ...words]
    const { stdout, stderr } = spawnSync('bash', args, { cwd: folder, encoding: 'utf8' })
    assert.equal(stderr, '')
    return stdout.trim().split('\n')
  }
  assert.deepEqual(ask('acc'), ['accept-empty'])
  assert.deepEqual(ask(''), [...COMMANDS.map(({ name }) => name), 'help', '--help', '--version'])
  assert.deepEqual(ask('du', '--de'), ['--depth='])
  assert.deepEqual(ask('du', '--config', '=', 'a').sort(), ['a file', 'a folder'])
  assert.deepEqual(ask('du', '--config', '='), ask('du', '--config', ''))
  assert.deepEqual(ask('du', 'a'), ['a folder'])
  assert.deepEqual(ask('du', '--json', 'a'), ['a folder'])
  assert.deepEqual(ask('completion', 'z'), ['zsh'])
  assert.deepEqual(ask('help', 'dup'), ['duplicates'])
  assert.deepEqual(ask('nonsense', 'x'), [''])
})

for (const [shell, make] of [
  ['zsh', zshCompletion],
  ['fish', fishCompletion],
] as const) {
  test(`${shell} takes the script`, { skip: without(shell) }, () => {
    const { status, stderr } = spawnSync(shell, ['-n'], { input: make(COMMANDS), encoding: 'utf8' })
    assert.deepEqual([status, stderr], [0, ''])
  })
}

test('every command and option is in each completion', () => {
  for (const make of [bashCompletion, zshCompletion, fishCompletion]) {
    const script = make(COMMANDS)
    for (const { name, options } of COMMANDS) {
      for (const word of [name, ...options.map((option) => option.name)]) assert.ok(script.includes(word), word)
    }
  }
})

test('groff finds no fault with the manual, which has every command and option', { skip: without('groff') }, () => {
  const args = ['-man', '-ww', '-rCHECKSTYLE=3', '-Tutf8', '-Kutf8', '-rLL=100n']
  const { status, stdout, stderr } = spawnSync('groff', args, { input: manualPage(COMMANDS), encoding: 'utf8' })
  assert.deepEqual([status, stderr], [0, ''])
  const plain = withoutEmphasis(stdout)
  for (const { name, options, examples } of COMMANDS) {
    assert.ok(plain.includes(`${name} [OPTION...]`), name)
    for (const option of options) assert.ok(plain.includes(`--${option.name}`), option.name)
    for (const { command } of examples) assert.ok(plain.replace(/\s+/g, ' ').includes(command), command)
  }
})

/** Groff writes bold and italics as escapes, or as Debian has it by typing over. */
function withoutEmphasis(page: string): string {
  const esc = String.fromCharCode(27)
  return page.replaceAll(/.[\b]/g, '').replaceAll(new RegExp(`${esc}\\[[\\d;]*m`, 'g'), '')
}
