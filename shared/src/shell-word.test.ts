/** Shows that a quoted word is one word to a shell: a real shell prints each. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { nameToBytes } from './entry-name.ts'
import { shellWord } from './shell-word.ts'

const WORDS = [
  'plain',
  '/mnt/media/disk-1',
  'with blanks',
  'it\'s $HOME `id` \\ "quoted" *',
  '',
  '-n',
  '~',
  'ünï 漢字',
  "line\nbreak\ttab 'and' \\ backslash 7",
  '\u001b]0;title\u0007',
  'right\u202eleft',
  '\udcff\udcfe1',
]

for (const word of WORDS) {
  test(`to a shell the quoted word is the same word: ${JSON.stringify(word)}`, () => {
    const shown = shellWord(word)
    assert.match(shown, /^[^\p{C}]*$/u, 'it can be shown on a terminal')
    assert.deepEqual(execFileSync('bash', ['-c', `printf '%s' ${shown}`]), nameToBytes(word))
  })
}
