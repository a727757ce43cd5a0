/**
 * Shows that confined workers start, whatever keeps folders or files from being opened. Real threads and workers under
 * Landlock, some in a process of their own that may open few files.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { closeSync, constants, copyFileSync, mkdirSync, openSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { CORPUS } from '../../../../test/support/corpus.ts'
import { jobFor } from '../../../../test/support/job-for.ts'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { until } from '../../../../test/support/until.ts'
import { landlockVersion } from '../sandbox/landlock.ts'
import { createLauncher } from './launcher.ts'
import type { MetadataResult } from './metadata-job.ts'
import { createMetadataPool } from './pool.ts'

const FEW_FILES = join(import.meta.dirname, 'test-support/few-files.ts')
const run = promisify(execFile)
const skip = landlockVersion() === 0 && 'this kernel has no Landlock'

/** A pool whose workers may read below these folders. */
function begin(t: TestContext, folders: () => readonly string[]) {
  const results: MetadataResult[] = []
  const problems: string[] = []
  const launcher = createLauncher({
    folders,
    onLate: () => {},
    onCrash: (error) => {
      throw error
    },
  })
  const pool = createMetadataPool({
    workers: 1,
    launch: launcher.launch,
    onResults: (some) => results.push(...some),
    onProblem: (problem) => problems.push(problem),
  })
  t.after(async () => {
    await pool.stop()
    launcher.stop()
  })
  const read = async (path: string) => {
    const before = results.length
    pool.submit([jobFor(path)])
    await until(`${path} to be read`, () => results.length > before || problems.length > 0)
    assert.deepEqual(problems, [])
    return results.at(-1) as MetadataResult
  }
  return { launcher, pool, problems, read }
}

test('a file whose folder was left out is asked for again, and read once the folder answers', {
  skip,
}, async (t) => {
  const top = temporaryFolder(t)
  const [first, later] = [join(top, 'first'), join(top, 'later')]
  mkdirSync(first)
  writeFileSync(join(first, 'file'), 'x')
  const { launcher, pool, read } = begin(t, () => [first, later])
  assert.equal((await read(join(first, 'file'))).kind, 'done')
  mkdirSync(later)
  writeFileSync(join(later, 'file'), 'x')
  const refused = await read(join(later, 'file'))
  assert.deepEqual([refused.kind, 'problem' in refused && refused.problem], ['busy', 'EACCES: permission denied'])
  launcher.foldersChanged()
  pool.renew()
  assert.equal((await read(join(later, 'file'))).kind, 'done')
})

test("no folder is kept from being read by calls that never return, even if they hold all threads of this process's pool", async (t) => {
  const folder = temporaryFolder(t)
  const fifos = Array.from({ length: 4 }, (_, n) => join(folder, `fifo-${n}`))
  await run('mkfifo', fifos)
  const hung = fifos.map((fifo) => open(fifo, 'r'))
  writeFileSync(join(folder, 'file'), 'x')
  const { read } = begin(t, () => [folder])
  try {
    assert.equal((await read(join(folder, 'file'))).kind, 'done')
  } finally {
    const writers = fifos.map((fifo) => openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK))
    for (const handle of await Promise.all(hung)) await handle.close()
    for (const fd of writers) closeSync(fd)
  }
})

test('MAGIC names a database of libmagic elsewhere; if there is none the message says that workers may read nothing else', {
  skip,
}, async (t) => {
  const folder = temporaryFolder(t)
  mkdirSync(join(folder, 'watched'))
  copyFileSync('/usr/lib/file/magic.mgc', join(folder, 'elsewhere.mgc'))
  process.env.MAGIC = join(folder, 'elsewhere')
  t.after(() => {
    delete process.env.MAGIC
  })
  const found = begin(t, () => [join(folder, 'watched')])
  copyFileSync(join(CORPUS, 'i.jpg'), join(folder, 'watched/picture'))
  const result = await found.read(join(folder, 'watched/picture'))
  assert.ok(result.kind === 'done' && result.metadata.mimeType === 'image/jpeg')
  process.env.MAGIC = join(folder, 'nothing')
  const lacking = begin(t, () => [join(folder, 'watched')])
  lacking.pool.probe()
  await until('a problem', () => lacking.problems.length > 0)
  assert.match(
    lacking.problems[0] ?? '',
    /no database; install .*\)\. If it is installed outside of .*MAGIC: workers may read nothing else$/,
  )
})

test('workers that are no longer needed when their thread begins are never started', async (t) => {
  const { pool, problems } = begin(t, () => [temporaryFolder(t)])
  pool.probe()
  pool.renew()
  await until('nothing to be running', () => pool.problem() === null)
  pool.probe()
  pool.renew()
  assert.deepEqual(problems, [])
})

for (const free of [0, 4, 8, 12, 16, 40]) {
  test(`${free} descriptors left do not end the indexer: it reports that, and reads when there are more`, async (t) => {
    const folder = temporaryFolder(t)
    writeFileSync(join(folder, 'file'), 'x')
    const { stdout } = await run(process.execPath, [FEW_FILES, join(folder, 'file'), `${free}`])
    const { said, kind } = JSON.parse(stdout) as { said: string[]; kind: string }
    t.diagnostic(said.join())
    assert.equal(kind, 'done')
    for (const problem of said) assert.match(problem, /^metadata workers can't start: /)
    if (free === 0) assert.ok(said.length > 0)
  })
}
