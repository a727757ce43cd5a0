/**
 * Shows I14: what a worker can still do once a file has taken it over, and which files the libraries open because of a
 * file's content. Real confined processes try it.
 */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { CORPUS } from '../../../../test/support/corpus.ts'
import { jobFor } from '../../../../test/support/job-for.ts'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { landlockVersion } from '../sandbox/landlock.ts'
import { createLauncher } from './launcher.ts'
import { createMetadataPool } from './pool.ts'

const ATTACKING = join(import.meta.dirname, 'test-support/attacking-worker.ts')
const READING = join(import.meta.dirname, 'test-support/read-folder.ts')
const landlock = landlockVersion()

/** A watched folder, and a file beside it. */
function folders(t: TestContext) {
  const folder = temporaryFolder(t)
  mkdirSync(join(folder, 'watched'))
  mkdirSync(join(folder, 'beside'))
  writeFileSync(join(folder, 'watched/file'), 'given')
  writeFileSync(join(folder, 'beside/file'), 'secret', { mode: 0o600 })
  return { folder, watched: join(folder, 'watched'), beside: join(folder, 'beside') }
}

async function attemptsOf(t: TestContext, watched: string, beside: string): Promise<Record<string, string>> {
  const launcher = createLauncher({
    folders: () => [watched],
    onLate: () => {},
    onCrash: (error) => {
      throw error
    },
  })
  process.env.ATTACKED = `${join(watched, 'file')}:${join(beside, 'file')}`
  const problem = await new Promise<string>((resolve) => {
    const { launch } = launcher
    const options = { workers: 1, launch, workerModule: ATTACKING, onResults: () => {}, onProblem: resolve }
    const pool = createMetadataPool(options)
    t.after(async () => {
      await pool.stop()
      launcher.stop()
    })
    const job = { nodeId: '', root: watched, path: join(watched, 'file'), deviceNumber: '', inode: '1' }
    pool.submit([{ ...job, size: 1, mtime: 1 }])
  })
  const found = /\{.*\}/.exec(problem)?.[0]
  assert.ok(found !== undefined, problem)
  return JSON.parse(found) as Record<string, string>
}

test('a worker that was taken over reads what it is given, and nothing else', async (t) => {
  const { watched, beside } = folders(t)
  const { capabilities = '', newPrivileges, ...attempts } = await attemptsOf(t, watched, beside)
  const byLandlock = landlock > 0 ? 'EACCES' : 'done'
  assert.deepEqual(attempts, {
    'open a given file as a library would': 'EACCES',
    'open another one as a library would': 'EACCES',
    'open another one by openat2': byLandlock,
    'open a file beside the program': byLandlock,
    'open the memory of the indexer': landlock > 0 ? 'EACCES' : 'done',
    'open the environment of the indexer': landlock > 0 ? 'EACCES' : 'done',
    'open by a handle': 'EPERM',
    'write to a given file': 'EACCES',
    'make a file': 'EACCES',
    'remove a file': 'EPERM',
    'change a mode': 'EPERM',
    connect: 'EPERM',
    'run a program': 'EPERM',
    'be two processes': 'EPERM',
    'signal the indexer': 'EPERM',
    'trace the indexer': 'EPERM',
    'use a ring': 'EPERM',
    'be another user': 'EPERM',
    'take memory': 'refused',
    'look at names': 'done',
  })
  assert.equal(newPrivileges, '1')
  assert.equal(BigInt(`0x${capabilities}`) & ~0b1100n, 0n, 'CAP_DAC_READ_SEARCH and CAP_FOWNER at most')
  assert.equal(readFileSync(join(watched, 'file'), 'utf8'), 'given')
})

test('if memory runs out, workers are killed first', async (t) => {
  const { watched } = folders(t)
  const launcher = createLauncher({
    folders: () => [watched],
    onLate: () => {},
    onCrash: (error) => {
      throw error
    },
  })
  const answered = Promise.withResolvers<unknown>()
  const { launch } = launcher
  const pool = createMetadataPool({ workers: 1, launch, onResults: answered.resolve, onProblem: assert.fail })
  t.after(async () => {
    await pool.stop()
    launcher.stop()
  })
  pool.submit([jobFor(join(watched, 'file'))])
  await answered.promise
  const threads = readdirSync('/proc/self/task')
  const workers = threads.flatMap(
    (thread) => readFileSync(`/proc/self/task/${thread}/children`, 'utf8').match(/\d+/g) ?? [],
  )
  assert.equal(workers.length, 1)
  assert.equal(readFileSync(`/proc/${workers[0]}/oom_score_adj`, 'utf8').trim(), '1000')
})

/** Files that make MediaInfo open the file at `to`, each under its own name. */
function referring(to: string): Record<string, string | Buffer> {
  const mpd = `<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period><AdaptationSet mimeType="video/mp4"><Representation id="1">
<BaseURL>${to}</BaseURL></Representation></AdaptationSet></Period></MPD>`
  const ism = `<smil><body><switch><video src="${to}"/></switch></body></smil>`
  return {
    'dash.svg': `<?xml version="1.0"?>\n<!-- <svg > -->${mpd}`,
    'bare.mpd': `<?xml version="1.0"?>${mpd}`,
    'polyglot.mp4': `<!--ftypmp42 --><?xml version="1.0"?>${mpd}`,
    'smooth.ism': `<?xml version="1.0"?>${ism}`,
    'list.m3u8': `#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n${to}\n#EXT-X-ENDLIST\n`,
    'playlist.pls': `[playlist]\nFile1=${to}\n`,
    'sheet.cue': `FILE "${to}" WAVE\n TRACK 01 AUDIO\n INDEX 01 00:00:00\n`,
    'reference.mov': movieWithReference(to),
  }
}

/** A QuickTime film whose samples are in another file (`dref`, `url `). */
function movieWithReference(to: string): Buffer {
  const box = (type: string, ...parts: readonly Buffer[]) => {
    const body = Buffer.concat(parts)
    const head = Buffer.alloc(8)
    head.writeUInt32BE(body.length + 8)
    head.write(type, 4, 'latin1')
    return Buffer.concat([head, body])
  }
  const zeros = (count: number) => Buffer.alloc(count)
  const url = box('url ', zeros(4), Buffer.from(`file://${to}\0`))
  const dref = box('dref', zeros(4), Buffer.from([0, 0, 0, 1]), url)
  const hdlr = box('hdlr', zeros(4), Buffer.from('mhlrvide'), zeros(13))
  const minf = box('minf', box('vmhd', zeros(12)), box('dinf', dref), box('stbl'))
  const mdia = box('mdia', box('mdhd', zeros(24)), hdlr, minf)
  return Buffer.concat([
    box('ftyp', Buffer.from('qt  \0\0\0\0qt  ')),
    box('moov', box('mvhd', zeros(100)), box('trak', box('tkhd', zeros(84)), mdia)),
  ])
}

function canTrace(): boolean {
  return spawnSync('strace', ['-V']).status === 0 && spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0
}

for (const isRestricted of [true, false]) {
  const skip = !canTrace() ? 'needs strace' : isRestricted && landlock === 0 && 'this kernel has no Landlock'
  test(`no content makes a library open another file, ${isRestricted ? 'with' : 'without'} Landlock`, { skip }, (t) => {
    const { folder, watched, beside } = folders(t)
    copyFileSync(join(CORPUS, 'v.mp4'), join(beside, 'film.mp4'))
    execFileSync('mkfifo', [join(beside, 'fifo')])
    for (const [kind, to] of [
      ['film', join(beside, 'film.mp4')],
      ['fifo', join(beside, 'fifo')],
      ['device', '/dev/zero'],
      ['environment', '/proc/self/environ'],
    ] as const) {
      for (const [name, content] of Object.entries(referring(to)))
        writeFileSync(join(watched, `${kind}-${name}`), content)
    }
    const traces = join(folder, 'traces')
    mkdirSync(traces)
    const calls = 'trace=open,openat,openat2,creat,seccomp,execve,socket,connect'
    // A file for each thread, so that no call is cut by another's.
    const args = ['-ff', '-qq', '-s', '300', '-e', calls, '-o', join(traces, 'of')]
    const program = [process.execPath, READING, watched, isRestricted ? 'restricted' : 'plain']
    const { stdout, stderr } = spawnSync('strace', [...args, ...program], { encoding: 'utf8', timeout: 120_000 })
    const results = JSON.parse(stdout || 'null') as { path: string; width: number; msDuration: number }[] | null
    assert.ok(results !== null, stderr)
    assert.deepEqual(
      results.filter(({ width, msDuration }) => width !== 0 || msDuration !== 0),
      [],
      'nothing from another file comes out',
    )
    const opened = readdirSync(traces).flatMap((name) => openedAfterFilter(readFileSync(join(traces, name), 'utf8')))
    assert.ok(opened.length >= results.length, 'the files themselves are opened')
    const foreign = opened.filter(
      (path) => path !== watched && !path.startsWith('/proc/self/fd/') && path.includes('/'),
    )
    assert.deepEqual(foreign, [])
  })
}

/** The paths that a thread opened after it had confined its process. */
function openedAfterFilter(trace: string): string[] {
  const lines = trace.split('\n')
  const confined = lines.findIndex((line) => line.includes('SECCOMP_FILTER_FLAG_TSYNC') && line.endsWith('= 0'))
  if (confined === -1) return []
  return lines.slice(confined + 1).flatMap((line) => {
    return /^(?:open|openat|openat2|creat)\((?:[^,"]*, )?"([^"]*)".* = \d+$/.exec(line)?.[1] ?? []
  })
}
