/** Shows that the documents have the program's config keys, problems, messages and rooms. They are compared as text. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { checkConfigValues } from '@drive-feed/shared/config/config-keys.ts'
import { PROBLEM_CODES } from '@drive-feed/shared/problem.ts'

const ROOT = join(import.meta.dirname, '..')
const isInstalled = (path: string) => basename(path) === 'node_modules'
/** A part of a message may be put together from so many texts of the program. */
const PIECES_MAX = 3

test('the README has every config key with its default', () => {
  const { values } = checkConfigValues({ database_url: 'feed.db', watches: { media: '/mnt/media' } })
  const defaults = Object.entries(values ?? {}).map(([key, value]) => [key, defaultCell(key, value)])
  const rows = tableAfter('README.md', '| key | default |').map(([key = '', value]) => [
    key.replace(/`|\..*$/g, ''),
    value,
  ])
  assert.deepEqual(new Map(rows as [string, string][]), new Map(defaults as [string, string][]))
})

test('the API has every problem code', () => {
  const rows = tableAfter('docs/api.md', '| `code` | is about |')
  const codes = rows.flatMap(([cell = '']) => [...cell.matchAll(/`(\w+)`/g)].map(([, code]) => code))
  assert.deepEqual(codes.toSorted(), Object.keys(PROBLEM_CODES).toSorted())
})

test('the messages that are explained are those that the program prints', () => {
  const sources = readSources()
  const unknown: string[] = []
  let count = 0
  for (const [cell = ''] of tableAfter('docs/operating.md', '| message | what to do |')) {
    for (const [, message = ''] of cell.matchAll(/`([^`]+)`/g)) {
      count += 1
      // `…` stands for a part that varies, and the program may put a sentence together from several texts.
      const parts = message.split(/…|; |\. |: /).filter((part) => part.trim().length > 6)
      unknown.push(
        ...parts.filter((part) => piecesOf(part, sources) > PIECES_MAX).map((part) => `${part} (${message})`),
      )
    }
  }
  assert.ok(count > 40, `${count} messages`)
  assert.deepEqual(unknown, [])
})

test('the rooms are drawn in the order that the test of the structure has', () => {
  const drawn = [...read('ARCHITECTURE.md').matchAll(/^ \d+ {2}(\S+) {2}/gm)].map(([, room]) => room)
  const [, rooms = ''] = /rooms: \[([^\]]+)\]/.exec(read('scripts/structure.test.ts')) ?? []
  const held = [...rooms.matchAll(/'([^']+)'/g)].map(([, room]) => room)
  assert.deepEqual(drawn.toReversed(), held)
})

test('the tests that the documents name for a change are there', () => {
  const tests = globSync('{shared,cli,services,client,scripts,test}/**/*.test.ts', { cwd: ROOT, exclude: isInstalled })
  const named = ['README.md', 'docs/development.md'].flatMap((path) => {
    return [...read(path).matchAll(/`scripts\/test ([^`]+)`/g)].map(([, word = '']) => word)
  })
  assert.ok(named.length > 10)
  assert.deepEqual(
    named.filter((word) => word !== 'WORD' && !tests.some((file) => file.includes(word))),
    [],
  )
})

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

function defaultCell(key: string, value: unknown): string {
  if (key === 'database_url' || key === 'watches') return 'required'
  if (key === 'metadata_workers') return 'number of cores'
  if (key === 'watcher') return ''
  if (value === null) return 'none'
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``
}

/** From how few texts of the program a part of a message can be made. Infinity if it can't be. */
function piecesOf(part: string, sources: string): number {
  const words = part.trim().replace(/=$/, '').split(' ')
  let pieces = 0
  for (let from = 0; from < words.length; pieces += 1) {
    let to = words.length
    while (to > from && !sources.includes(words.slice(from, to).join(' '))) to -= 1
    if (to === from) return Number.POSITIVE_INFINITY
    from = to
  }
  return pieces
}

/** The cells of all rows of the tables with this head. */
function tableAfter(path: string, head: string): string[][] {
  const lines = read(path).split('\n')
  const rows = lines.flatMap((line, at) => {
    if (!line.startsWith(head)) return []
    const after = lines.slice(at + 2)
    const end = after.findIndex((row) => !row.startsWith('|'))
    return after.slice(0, end === -1 ? after.length : end)
  })
  assert.ok(rows.length > 0, `${path} has a table that begins with ${head}`)
  return rows.map((row) =>
    row
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  )
}

/** The program's sources, in which long texts are joined to one line. */
function readSources(): string {
  const files = globSync('{services,shared}/**/*.ts', {
    cwd: ROOT,
    exclude: (path) => isInstalled(path) || /\.test\.ts$|test-support/.test(path),
  })
  return files.map(read).join('\n').replaceAll('\\\n', '')
}
