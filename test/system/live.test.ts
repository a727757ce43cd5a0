/**
 * Shows I1 and I2 for each way in which files change while the indexer watches: the nodes and every replay must equal
 * the disk. Both services run as processes.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { assertAllEqual, follow } from '../support/convergence.ts'
import { exchangeNames } from '../support/exchange-names.ts'
import { changesSince, headOf, idAt, passSentinel } from '../support/observations.ts'
import { createPair, type Pair } from '../support/pair.ts'

type Scenario = {
  readonly name: string
  readonly before?: (at: Places) => void
  readonly act: (at: Places) => void
  /** Paths (below the scenario's folders), and the path to which the node at each has moved. */
  readonly moved?: Readonly<Record<string, string>>
  /** Paths that have another node afterwards. */
  readonly replaced?: readonly string[]
}

/** Functions for absolute paths: in the first root, in the second one, and outside both. */
type Places = { readonly a: Path; readonly b: Path; readonly outside: Path }
type Path = (...names: string[]) => string

function makeTree(path: string): void {
  mkdirSync(join(path, 'sub'), { recursive: true })
  writeFileSync(join(path, 'sub', 'file'), 'bytes')
}

const SCENARIOS: readonly Scenario[] = [
  {
    name: 'I1: a file is created, in a folder made just before it',
    act: ({ a }) => {
      mkdirSync(a('new'))
      writeFileSync(a('new', 'file'), 'new')
    },
  },
  {
    name: 'I1: mkdir -p with immediate writes into every level',
    act: ({ a }) => {
      for (let depth = 1; depth <= 30; depth += 1) {
        const levels = Array.from({ length: depth }, (_, level) => `d${level}`)
        mkdirSync(a(...levels), { recursive: true })
        writeFileSync(a(...levels, 'file'), `at ${depth}`)
      }
    },
  },
  {
    name: 'I1: a file is renamed',
    before: ({ a }) => writeFileSync(a('old'), 'bytes'),
    act: ({ a }) => renameSync(a('old'), a('new')),
    moved: { 'a/old': 'a/new' },
  },
  {
    name: 'I3: a folder tree is moved below a folder made after it',
    before: ({ a }) => makeTree(a('tree')),
    act: ({ a }) => {
      mkdirSync(a('later', 'still'), { recursive: true })
      renameSync(a('tree'), a('later', 'still', 'tree'))
    },
    moved: { 'a/tree': 'a/later/still/tree', 'a/tree/sub/file': 'a/later/still/tree/sub/file' },
  },
  {
    name: 'I3: a folder and its parent change places',
    before: ({ a }) => {
      mkdirSync(a('outer', 'inner'), { recursive: true })
      writeFileSync(a('outer', 'inner', 'file'), 'bytes')
      writeFileSync(a('outer', 'other'), 'bytes too')
    },
    act: ({ a }) => {
      renameSync(a('outer', 'inner'), a('inner'))
      renameSync(a('outer'), a('inner', 'outer'))
    },
    moved: { 'a/outer': 'a/inner/outer', 'a/outer/inner': 'a/inner', 'a/outer/inner/file': 'a/inner/file' },
  },
  {
    name: 'I11: two files swap names through a third',
    before: ({ a }) => {
      writeFileSync(a('one'), 'first')
      writeFileSync(a('two'), 'second')
    },
    act: ({ a }) => {
      renameSync(a('one'), a('temporary'))
      renameSync(a('two'), a('one'))
      renameSync(a('temporary'), a('two'))
    },
    moved: { 'a/one': 'a/two', 'a/two': 'a/one' },
  },
  {
    name: 'I11: two files swap names by RENAME_EXCHANGE',
    before: ({ a }) => {
      writeFileSync(a('one'), 'first')
      writeFileSync(a('two'), 'second')
    },
    act: ({ a }) => exchangeNames(a('one'), a('two')),
    moved: { 'a/one': 'a/two', 'a/two': 'a/one' },
  },
  {
    name: 'I11: a file and a folder swap names',
    before: ({ a }) => {
      writeFileSync(a('one'), 'first')
      mkdirSync(a('two'))
      writeFileSync(a('two', 'file'), 'below')
    },
    act: ({ a }) => exchangeNames(a('one'), a('two')),
    moved: { 'a/one': 'a/two', 'a/two': 'a/one', 'a/two/file': 'a/one/file' },
  },
  {
    name: 'I11: folders of two roots swap places',
    before: ({ a, b }) => {
      mkdirSync(a('tree', 'x'), { recursive: true })
      mkdirSync(b('tree', 'y'), { recursive: true })
      writeFileSync(a('tree', 'x', 'file'), 'first')
      writeFileSync(b('tree', 'y', 'file'), 'second')
    },
    act: ({ a, b }) => exchangeNames(a('tree'), b('tree')),
    moved: { 'a/tree': 'b/tree', 'b/tree/y/file': 'a/tree/y/file' },
  },
  {
    name: 'I11: three files rotate their names',
    before: ({ a }) => {
      for (const name of ['one', 'two', 'three']) writeFileSync(a(name), name)
    },
    act: ({ a }) => {
      exchangeNames(a('one'), a('two'))
      exchangeNames(a('two'), a('three'))
    },
    moved: { 'a/one': 'a/three', 'a/two': 'a/one', 'a/three': 'a/two' },
  },
  {
    name: 'I11: a file is replaced atomically',
    before: ({ a }) => writeFileSync(a('file'), 'old bytes'),
    act: ({ a }) => {
      writeFileSync(a('.file.new'), 'new bytes, and more')
      renameSync(a('.file.new'), a('file'))
    },
    replaced: ['a/file'],
  },
  {
    name: 'I11: a folder is replaced by another of the same name',
    before: ({ a }) => {
      mkdirSync(a('folder'))
      writeFileSync(a('folder', 'old'), 'old')
    },
    act: ({ a }) => {
      mkdirSync(a('other'))
      writeFileSync(a('other', 'new'), 'new')
      renameSync(a('folder'), a('aside'))
      renameSync(a('other'), a('folder'))
      rmSync(a('aside'), { recursive: true })
    },
    replaced: ['a/folder'],
  },
  {
    name: 'I11: a file becomes a folder and a folder a file',
    before: ({ a }) => {
      writeFileSync(a('one'), 'a file')
      mkdirSync(a('two'))
      writeFileSync(a('two', 'file'), 'below')
    },
    act: ({ a }) => {
      rmSync(a('one'))
      mkdirSync(a('one'))
      writeFileSync(a('one', 'file'), 'below')
      rmSync(a('two'), { recursive: true })
      writeFileSync(a('two'), 'a file')
    },
  },
  {
    name: 'I6: inodes are used again immediately',
    before: ({ a }) => {
      for (let n = 0; n < 20; n += 1) writeFileSync(a(`file-${n}`), `old ${n}`)
    },
    act: ({ a }) => {
      for (let n = 0; n < 20; n += 1) {
        unlinkSync(a(`file-${n}`))
        writeFileSync(a(`other-${n}`), `new ${n}`)
      }
    },
  },
  {
    name: 'I6: inodes are used again at the same names',
    before: ({ a }) => {
      for (let n = 0; n < 20; n += 1) writeFileSync(a(`file-${n}`), `old ${n}`)
    },
    act: ({ a }) => {
      for (let n = 0; n < 20; n += 1) {
        unlinkSync(a(`file-${n}`))
        writeFileSync(a(`file-${n}`), `new ${n}`)
      }
    },
  },
  {
    name: 'I1: a file and a folder are moved to the other root',
    before: ({ a }) => {
      writeFileSync(a('file'), 'bytes')
      makeTree(a('tree'))
    },
    act: ({ a, b }) => {
      renameSync(a('file'), b('file'))
      renameSync(a('tree'), b('tree'))
    },
    moved: { 'a/file': 'b/file', 'a/tree': 'b/tree', 'a/tree/sub/file': 'b/tree/sub/file' },
  },
  {
    name: 'I4: a tree is moved out, and what happens to it outside does not count',
    before: ({ a }) => makeTree(a('tree')),
    act: ({ a, outside }) => {
      renameSync(a('tree'), outside('tree'))
      writeFileSync(outside('tree', 'sub', 'further'), 'outside')
    },
  },
  {
    name: 'I1: a tree is moved in and written to immediately',
    before: ({ outside }) => makeTree(outside('tree')),
    act: ({ a, outside }) => {
      renameSync(outside('tree'), a('tree'))
      writeFileSync(a('tree', 'sub', 'further'), 'inside')
    },
  },
  {
    name: 'I1: a tree goes out and comes back under another name',
    before: ({ a }) => makeTree(a('tree')),
    act: ({ a, outside }) => {
      renameSync(a('tree'), outside('tree'))
      writeFileSync(outside('tree', 'sub', 'further'), 'outside')
      renameSync(outside('tree'), a('back'))
    },
    moved: { 'a/tree': 'a/back', 'a/tree/sub/file': 'a/back/sub/file' },
  },
  {
    name: 'I1: an excluded name becomes a real one and a real one excluded',
    before: ({ a }) => {
      writeFileSync(a('Thumbs.db'), 'hidden')
      writeFileSync(a('file'), 'seen')
      mkdirSync(a('@eaDir', 'sub'), { recursive: true })
      writeFileSync(a('@eaDir', 'sub', 'file'), 'hidden')
      mkdirSync(a('folder'))
      writeFileSync(a('folder', 'file'), 'seen')
    },
    act: ({ a }) => {
      renameSync(a('Thumbs.db'), a('thumbs'))
      renameSync(a('file'), a('desktop.ini'))
      renameSync(a('@eaDir'), a('was hidden'))
      renameSync(a('folder'), a('#recycle'))
    },
  },
  {
    name: 'I1: a real file is renamed to an excluded name and back',
    before: ({ a }) => writeFileSync(a('file'), 'seen'),
    act: ({ a }) => {
      renameSync(a('file'), a('file.__tmp__'))
      renameSync(a('file.__tmp__'), a('file'))
    },
    moved: { 'a/file': 'a/file' },
  },
  {
    name: 'I1: cp -p and touch set times after the last close',
    before: ({ a }) => {
      writeFileSync(a('source'), 'bytes')
      utimesSync(a('source'), 1_000_000_000, 1_000_000_000.25)
      writeFileSync(a('touched'), 'bytes')
    },
    act: ({ a }) => {
      execFileSync('cp', ['-p', a('source'), a('copy')])
      utimesSync(a('touched'), 1_100_000_000, 1_100_000_000.5)
    },
    moved: { 'a/touched': 'a/touched' },
  },
  {
    name: 'I6: other bytes of equal size and with the time set back are found',
    before: ({ a }) => writeFileSync(a('file'), 'old bytes'),
    act: ({ a }) => {
      const { atime, mtime } = statSync(a('file'))
      utimesSync(a('file'), atime, mtime)
      writeFileSync(a('file'), 'new bytes')
      utimesSync(a('file'), atime, mtime)
    },
    moved: { 'a/file': 'a/file' },
  },
  {
    name: 'I1: a hard link is made, and the first name removed',
    before: ({ a }) => {
      writeFileSync(a('first'), 'shared')
      linkSync(a('first'), a('second'))
      writeFileSync(a('kept'), 'shared too')
    },
    act: ({ a }) => {
      linkSync(a('kept'), a('kept too'))
      unlinkSync(a('first'))
    },
    moved: { 'a/second': 'a/second', 'a/kept': 'a/kept' },
  },
  {
    name: 'I1: a file is written through a new hard link, and through one that is removed right after',
    before: ({ a }) => {
      for (const name of ['one', 'two']) writeFileSync(a(name), name)
      linkSync(a('two'), a('further'))
    },
    act: ({ a }) => {
      linkSync(a('one'), a('new'))
      appendFileSync(a('new'), ' written through the new name')
      appendFileSync(a('further'), ' written through the further name')
      unlinkSync(a('further'))
    },
  },
  {
    name: 'I1: either name of a hard link is renamed, and one moved to the other root',
    before: ({ a }) => {
      for (const name of ['x', 'y', 'z']) {
        writeFileSync(a(`${name}1`), `shared ${name}`)
        linkSync(a(`${name}1`), a(`${name}2`))
      }
    },
    act: ({ a, b }) => {
      renameSync(a('x1'), a('x3'))
      renameSync(a('y2'), a('y3'))
      renameSync(a('z1'), b('z1'))
    },
    moved: { 'a/x1': 'a/x3', 'a/x2': 'a/x2', 'a/y1': 'a/y1', 'a/y2': 'a/y3', 'a/z1': 'b/z1', 'a/z2': 'a/z2' },
  },
  {
    name: 'I11: two names of one inode swap with names of another',
    before: ({ a }) => {
      writeFileSync(a('x1'), 'shared x')
      linkSync(a('x1'), a('x2'))
      writeFileSync(a('y1'), 'shared y')
      linkSync(a('y1'), a('y2'))
    },
    act: ({ a }) => exchangeNames(a('x1'), a('y2')),
    moved: { 'a/x2': 'a/x2', 'a/y1': 'a/y1' },
  },
  {
    name: 'I6: a write through one name is a write to the other',
    before: ({ a, b }) => {
      writeFileSync(a('first'), 'shared')
      linkSync(a('first'), a('second'))
      linkSync(a('first'), b('third'))
    },
    act: ({ a }) => appendFileSync(a('second'), ' and more'),
    moved: { 'a/first': 'a/first', 'a/second': 'a/second', 'b/third': 'b/third' },
  },
  {
    name: 'I1: a link replaces another file, and a file its own link',
    before: ({ a }) => {
      writeFileSync(a('one'), 'one')
      writeFileSync(a('two'), 'two')
      linkSync(a('two'), a('two too'))
    },
    act: ({ a }) => {
      linkSync(a('one'), a('one too'))
      renameSync(a('one too'), a('two'))
      // rename(2) of a name onto another of the same inode does nothing.
      renameSync(a('one'), a('two'))
    },
  },
  {
    name: 'I1: a hundred renames of one file end at the last name',
    before: ({ a }) => writeFileSync(a('name-0'), 'bytes'),
    act: ({ a }) => {
      for (let n = 0; n < 100; n += 1) renameSync(a(`name-${n}`), a(`name-${n + 1}`))
    },
    moved: { 'a/name-0': 'a/name-100' },
  },
  {
    name: 'I4: rm -rf of a tree that is still being written to',
    before: ({ a }) => {
      for (let n = 0; n < 30; n += 1) {
        mkdirSync(a('tree', `d${n}`), { recursive: true })
        writeFileSync(a('tree', `d${n}`, 'file'), `${n}`)
      }
    },
    act: ({ a }) => {
      for (let n = 0; n < 30; n += 1) {
        if (n < 29) writeFileSync(a('tree', `d${n + 1}`, 'late'), 'late')
        rmSync(a('tree', `d${n}`), { recursive: true })
      }
      rmdirSync(a('tree'))
    },
  },
  {
    name: 'I2: a tree is made, removed and made again',
    act: ({ a }) => {
      for (let round = 0; round < 5; round += 1) {
        mkdirSync(a('tree', 'sub'), { recursive: true })
        writeFileSync(a('tree', 'sub', 'file'), `round ${round}`)
        if (round < 4) rmSync(a('tree'), { recursive: true })
      }
    },
  },
]

test('what happens while the indexer watches', async (t) => {
  const pair = await createPair(t, { roots: ['a', 'b'] })
  mkdirSync(join(pair.folder, 'outside'))
  await Promise.all([pair.startIndexer(), pair.startApi()])
  for (const [index, scenario] of SCENARIOS.entries()) {
    await t.test(scenario.name, () => play(pair, scenario, `s${index}`))
  }
  await silence(t, pair)
  await t.test('I2: replays with pages of every size end with the same nodes', () => assertAllEqual(pair))
})

async function play(pair: Pair, scenario: Scenario, name: string): Promise<void> {
  const at = {
    a: (...names: string[]) => join(pair.folder, 'a', name, ...names),
    b: (...names: string[]) => join(pair.folder, 'b', name, ...names),
    outside: (...names: string[]) => join(pair.folder, 'outside', name, ...names),
  }
  for (const place of Object.values(at)) mkdirSync(place())
  scenario.before?.(at)
  const bounds = { only: name, boundMs: 10_000 }
  await assertAllEqual(pair, undefined, bounds)
  // "a/file" is the file in this scenario's folder of root a.
  const placed = (path: string) => path.replace('/', `/${name}/`)
  const ids = new Map(
    [...Object.keys(scenario.moved ?? {}), ...(scenario.replaced ?? [])].map((path) => [
      path,
      idAt(pair, placed(path)),
    ]),
  )
  const follower = follow(pair, { maxSize: 50 })
  await follower.catchUp()
  scenario.act(at)
  await assertAllEqual(pair, follower, bounds)
  await follower.stop()
  for (const [from, to] of Object.entries(scenario.moved ?? {})) {
    assert.equal(idAt(pair, placed(to)), ids.get(from), `${from} keeps its id at ${to}`)
  }
  for (const path of scenario.replaced ?? []) assert.notEqual(idAt(pair, placed(path)), ids.get(path), path)
}

async function silence(t: TestContext, pair: Pair): Promise<void> {
  const file = join(pair.folder, 'a', 'silent')
  writeFileSync(file, 'bytes')
  mkdirSync(`${file} folder`)
  await assertAllEqual(pair)
  const { atime, mtime } = statSync(file)
  utimesSync(file, atime, mtime)
  const quiet: Readonly<Record<string, () => void>> = {
    'chmod of a file and a folder': () => {
      chmodSync(file, 0o600)
      chmodSync(`${file} folder`, 0o700)
    },
    'reading a file and setting its access time': () => {
      readFileSync(file)
      utimesSync(file, new Date(), mtime)
    },
    'equal bytes with equal time': () => {
      writeFileSync(file, 'bytes')
      utimesSync(file, atime, mtime)
    },
    'excluded names': () => {
      writeFileSync(join(pair.folder, 'a', 'x.__tmp__'), 'bytes')
      mkdirSync(join(pair.folder, 'a', '.Trashes'))
      writeFileSync(join(pair.folder, 'a', '.Trashes', 'x'), 'bytes')
    },
    'opening for writing and closing': () => appendFileSync(file, ''),
  }
  await assertAllEqual(pair)
  for (const [what, act] of Object.entries(quiet)) {
    await t.test(`I12: silence for ${what}`, async () => {
      await passSentinel(pair)
      const cursor = headOf(pair)
      act()
      const name = await passSentinel(pair)
      const told = (await changesSince(pair, cursor)).map((change) =>
        change.removed ? change.node_id : change.node.name,
      )
      assert.deepEqual(told, [name])
      await assertAllEqual(pair)
    })
  }
}
