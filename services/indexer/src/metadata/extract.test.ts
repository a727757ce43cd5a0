/**
 * Shows what is read of a file, and that its hash belongs to its bytes (I6). Real files of the corpus, and files that
 * change while they are read.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  appendFileSync,
  chmodSync,
  closeSync,
  copyFileSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { nameFromBytes, pathForFs } from '@drive-feed/shared/entry-name.ts'
import { CORPUS, corpusAnswers } from '../../../../test/support/corpus.ts'
import { jobFor } from '../../../../test/support/job-for.ts'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { createOpenFile, hasOpenat2 } from '../posix/open-file.ts'
import { createExtract, type Extract, type ExtractTools, type Trial } from './extract.ts'
import type { Libraries } from './identify.ts'
import { openLibmagic } from './libmagic.ts'
import { openMediaInfo } from './libmediainfo.ts'
import type { Metadata } from './metadata-job.ts'
import { openPageCache } from './page-cache.ts'

const libraries: Libraries = { libmagic: openLibmagic(), mediaInfo: openMediaInfo() }
const tools: ExtractTools = {
  openFile: createOpenFile(hasOpenat2()),
  libraries,
  pageCache: openPageCache(),
  endAfterComputing: () => {},
  note: () => {},
  leftOut: [],
}
const extract = createExtract(tools)
const FULL: Trial = { effort: 'full', computingMs: 1_000 }

/** Does something to the file in the middle of each reading, between the first fstat and the last. */
function extractWhile(interfere: () => void): Extract {
  const mimeType = (fd: number) => {
    interfere()
    return libraries.libmagic.mimeType(fd)
  }
  return createExtract({ ...tools, libraries: { ...libraries, libmagic: { ...libraries.libmagic, mimeType } } })
}

/** An old file, so that any write moves its times, however coarse the filesystem's clock is. */
function writeOldFile(path: string, content: string | Uint8Array): void {
  writeFileSync(path, content)
  utimesSync(path, 1_700_000_000, 1_700_000_000)
}

function md5(content: string | Uint8Array): string {
  return createHash('md5').update(content).digest('hex')
}

for (const [file, metadata] of corpusAnswers()) {
  test(`${file} has the hash, type and dimensions that the original program found`, () => {
    assert.deepEqual(extract(jobFor(join(CORPUS, file)), FULL), { kind: 'done', metadata, problem: null })
  })
}

test('less effort leaves out dimensions, then the type, never the hash', () => {
  const job = jobFor(join(CORPUS, 'v.mp4'))
  const hash = md5(readFileSync(job.path))
  const none = { width: 0, height: 0, msDuration: 0 }
  assert.deepEqual(extract(job, { ...FULL, effort: 'without-mediainfo' }), {
    kind: 'done',
    metadata: { hash, mimeType: 'video/mp4', isImage: false, isVideo: true, ...none },
    problem: null,
  })
  assert.deepEqual(extract(job, { ...FULL, effort: 'hash-only' }), {
    kind: 'done',
    metadata: { hash, mimeType: 'application/octet-stream', isImage: false, isVideo: false, ...none },
    problem: null,
  })
})

test('truncated media are hashed like any other file', (context) => {
  const folder = temporaryFolder(context)
  for (const [name, mimeType] of [
    ['i.jpg', 'image/jpeg'],
    ['i.png', 'image/png'],
    ['v.mp4', 'video/mp4'],
    ['v.mkv', 'video/x-matroska'],
  ] as const) {
    const content = readFileSync(join(CORPUS, name)).subarray(0, 2000)
    const path = join(folder, name)
    writeFileSync(path, content)
    const found = extract(jobFor(path), FULL)
    assert.ok(found.kind === 'done' && found.problem === null)
    assert.equal(found.metadata.hash, md5(content))
    assert.equal(found.metadata.mimeType, mimeType)
  }
})

test('whatever characters a path has, its file gives the same as in the original program', (context) => {
  const folder = temporaryFolder(context)
  const latin1 = nameFromBytes(Buffer.from('caf\xe9.jpg', 'latin1'))
  for (const name of ['日本😀 é.jpg', latin1, 'a\nb?*|;"\\.jpg', '-x.jpg', 'no extension', 'wrong.txt', 'x.JPG']) {
    const path = join(folder, name)
    for (const sample of ['i.jpg', 'v.mp4']) {
      copyFileSync(join(CORPUS, sample), pathForFs(path))
      const metadata = corpusAnswers().get(sample)
      assert.deepEqual(extract(jobFor(path), FULL), { kind: 'done', metadata, problem: null }, name)
    }
  }
})

test('a path longer than PATH_MAX is read', (context) => {
  const folder = temporaryFolder(context)
  const inFolder = { cwd: folder }
  const names = Array.from({ length: 25 }, (_, depth) => `${depth}`.padEnd(120, 'é'))
  // Only by steps: no system call takes the whole path.
  const script = `mkdir() { command mkdir -- "$1" && cd -P -- "$1"; }; for name in "$@"; do mkdir "$name"; done; cat > i.jpg`
  execFileSync('bash', ['-c', script, 'bash', ...names], { ...inFolder, input: readFileSync(join(CORPUS, 'i.jpg')) })
  context.after(() => execFileSync('rm', ['-rf', folder]))
  const path = join(folder, ...names, 'i.jpg')
  assert.ok(Buffer.byteLength(path) > 4096)
  const [inode, size, mtime] = execFileSync('find', ['.', '-name', 'i.jpg', '-printf', '%i %s %T@'], inFolder)
    .toString()
    .split(' ') as [string, string, string]
  const times = { mtime: Number(mtime.replace('.', '').slice(0, 16)) }
  const job = { root: folder, path, deviceNumber: '', inode, size: Number(size), ...times }
  assert.deepEqual(extract(job, FULL), { kind: 'done', metadata: corpusAnswers().get('i.jpg'), problem: null })
})

test('what is not a regular file is recognised without being read', async (context) => {
  const folder = temporaryFolder(context)
  const file = join(folder, 'file')
  writeFileSync(file, 'x')
  const job = jobFor(file)
  const at = (name: string) => extract({ ...job, path: join(folder, name) }, FULL)

  execFileSync('mkfifo', [join(folder, 'fifo')])
  mkdirSync(join(folder, 'folder'))
  symlinkSync(file, join(folder, 'link'))
  symlinkSync('link-to-itself', join(folder, 'link-to-itself'))
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(join(folder, 'socket'), resolve))

  assert.deepEqual(at('fifo'), { kind: 'changed' })
  assert.deepEqual(at('folder'), { kind: 'changed' })
  assert.deepEqual(at('socket'), { kind: 'changed' })
  assert.deepEqual(at('link'), { kind: 'changed' })
  assert.deepEqual(at('link-to-itself'), { kind: 'changed' })
  assert.deepEqual(at('nothing'), { kind: 'gone' })
  assert.deepEqual(at('file/below'), { kind: 'gone' })
  await new Promise((resolve) => server.close(resolve))
})

test('a file that is not the one of the job is not read', (context) => {
  const path = join(temporaryFolder(context), 'file')
  writeOldFile(path, 'content')
  const job = jobFor(path)
  assert.equal(extract(job, FULL).kind, 'done')
  assert.deepEqual(extract({ ...job, inode: `${job.inode}0` }, FULL), { kind: 'changed' })
  assert.deepEqual(extract({ ...job, deviceNumber: '1' }, FULL), { kind: 'changed' })
  assert.equal(extract({ ...job, deviceNumber: '' }, FULL).kind, 'done', 'if it is not known')
  assert.deepEqual(extract({ ...job, size: job.size + 1 }, FULL), { kind: 'changed' })
  assert.deepEqual(extract({ ...job, mtime: job.mtime + 1 }, FULL), { kind: 'changed' })
})

test('times before 1970 are rounded down as well', (context) => {
  const path = join(temporaryFolder(context), 'old')
  writeFileSync(path, 'old')
  execFileSync('touch', ['-d', '1969-12-31 23:59:58.1234567 UTC', path])
  assert.equal(extract({ ...jobFor(path), mtime: -1_876_544 }, FULL).kind, 'done')
})

test('I6: a file that changes while it is read has no hash', (context) => {
  const path = join(temporaryFolder(context), 'file')
  const interferences: [string, () => void][] = [
    ['grows', () => appendFileSync(path, 'more')],
    ['is rewritten in place, same size', () => writeFileSync(path, 'CONTENT', { flag: 'r+' })],
    ['shrinks', () => truncateSync(path, 3)],
    ['is touched', () => utimesSync(path, 1_700_000_001, 1_700_000_001)],
  ]
  for (const [what, interfere] of interferences) {
    writeOldFile(path, 'content')
    assert.deepEqual(extractWhile(interfere)(jobFor(path), FULL), { kind: 'changed' }, what)
  }
})

test('I6: a file that is rewritten and gets its old mtime back while it is read is read again', (context) => {
  const path = join(temporaryFolder(context), 'file')
  writeOldFile(path, 'content')
  const job = jobFor(path)
  let changes = 0
  const found = extractWhile(() => {
    if (changes > 0) return
    changes += 1
    writeOldFile(path, 'CONTENT')
  })(job, FULL)
  assert.ok(found.kind === 'done')
  assert.equal(found.metadata.hash, md5('CONTENT'))

  const ctime = () => statSync(path, { bigint: true }).ctimeNs
  const endless = extractWhile(() => {
    // The clock of file times ticks every 1 to 10 ms.
    for (const before = ctime(); ctime() === before; ) chmodSync(path, 0o600)
  })
  assert.deepEqual(endless(job, FULL), { kind: 'changed' }, 'but not for ever')
})

test('the dimensions are those of the file that is hashed, even if its path leads to another one by then', (context) => {
  const folder = temporaryFolder(context)
  const path = join(folder, 'v.mp4')
  copyFileSync(join(CORPUS, 'v.mp4'), path)
  const moves = extractWhile(() => {
    renameSync(path, join(folder, 'moved'))
    writeFileSync(path, 'another')
  })
  const metadata = corpusAnswers().get('v.mp4')
  // The rename moved its ctime, so it is read once more.
  const found = moves(jobFor(path), FULL)
  assert.deepEqual(found, { kind: 'done', metadata, problem: null })
})

test('a file larger than the read buffer is hashed whole, sparse or not', (context) => {
  const path = join(temporaryFolder(context), 'large')
  const fd = openSync(path, 'w')
  ftruncateSync(fd, 40 * 1024 * 1024 + 17)
  closeSync(fd)
  writeFileSync(path, 'head', { flag: 'r+' })
  const found = extract(jobFor(path), FULL)
  assert.ok(found.kind === 'done')
  assert.equal(found.metadata.hash, md5(readFileSync(path)))
})

test('only the beginning is read of a file whose hash is known', (context) => {
  const path = join(temporaryFolder(context), 'large')
  copyFileSync(join(CORPUS, 'i.png'), path)
  truncateSync(path, 2 ** 40)
  const { kind, metadata } = extract({ ...jobFor(path), knownHash: 'of these bytes' }, FULL) as {
    kind: string
    metadata: Metadata
  }
  assert.deepEqual([kind, metadata.hash, metadata.mimeType], ['done', 'of these bytes', 'image/png'])
  assert.deepEqual(extract({ ...jobFor(path), size: 1, knownHash: 'of others' }, FULL), { kind: 'changed' })
})

const MIB = 1024 * 1024

/** Reads a sparse file and calls `interfere` after some MiB. Gives the answer, and how many MiB were read. */
function readWhile(path: string, size: number, interfere: (path: string) => void) {
  closeSync(openSync(path, 'w'))
  truncateSync(path, size)
  utimesSync(path, 1_700_000_000, 1_700_000_000)
  const job = jobFor(path)
  const real = openPageCache()
  let readBytes = 0
  let isDone = false
  // What was read is dropped from the page cache piece by piece.
  const drop = (fd: number, offset: number, length: number) => {
    readBytes += length
    real.drop(fd, offset, length)
    if (!isDone) interfere(path)
    isDone = true
  }
  const answer = createExtract({ ...tools, pageCache: { ...real, drop } })(job, { ...FULL, effort: 'hash-only' })
  return { kind: answer.kind, readMiB: readBytes / MIB }
}

for (const { what, interfere, expected } of [
  { what: 'deleted', interfere: (path: string) => unlinkSync(path), expected: { kind: 'gone', readMiB: 16 } },
  {
    what: 'overwritten by a rename',
    interfere: (path: string) => {
      writeFileSync(`${path}.new`, 'new')
      renameSync(`${path}.new`, path)
    },
    expected: { kind: 'gone', readMiB: 16 },
  },
  {
    what: 'truncated',
    interfere: (path: string) => truncateSync(path, 64 * MIB),
    expected: { kind: 'changed', readMiB: 16 },
  },
  {
    what: 'written to',
    interfere: (path: string) => appendFileSync(path, 'more'),
    expected: { kind: 'changed', readMiB: 16 },
  },
  {
    what: 'given another time',
    interfere: (path: string) => utimesSync(path, 1_600_000_000, 1_600_000_000),
    expected: { kind: 'changed', readMiB: 16 },
  },
] as const) {
  test(`a large file that is ${what} while it is read is given up within a few MiB`, (context) => {
    const path = join(temporaryFolder(context), 'large')
    assert.deepEqual(readWhile(path, 256 * MIB, interfere), expected)
  })
}

for (const { what, interfere } of [
  { what: 'renamed', interfere: (path: string) => renameSync(path, `${path}.renamed`) },
  {
    what: 'deleted at one of two names',
    interfere: (path: string) => {
      linkSync(path, `${path}.other`)
      unlinkSync(path)
    },
  },
]) {
  test(`a large file that is ${what} while it is read is read to its end`, (context) => {
    const { kind, readMiB } = readWhile(join(temporaryFolder(context), 'large'), 64 * MIB, interfere)
    // Its ctime moved, so it is read once more.
    assert.deepEqual([kind, readMiB], ['done', 128])
  })
}

test('a file that a library refuses has no type, and the reason with it', (context) => {
  const path = join(temporaryFolder(context), 'file')
  writeFileSync(path, 'content')
  const refusing = {
    ...libraries.libmagic,
    mimeType: () => {
      throw new Error('libmagic: no')
    },
  }
  const found = createExtract({ ...tools, libraries: { ...libraries, libmagic: refusing } })(jobFor(path), FULL)
  assert.ok(found.kind === 'done')
  assert.equal(found.metadata.hash, md5('content'))
  assert.equal(found.metadata.mimeType, 'application/octet-stream')
  assert.equal(found.problem, 'libmagic: no')
})

test("the limit on computing ends with the libraries' work, even if the disk refuses to be read", (context) => {
  const path = join(temporaryFolder(context), 'film.mkv')
  copyFileSync(join(CORPUS, 'v.mkv'), path)
  const refused = Object.assign(new Error('EIO'), { code: 'EIO', errno: -5 })
  for (const dimensions of [
    libraries.mediaInfo.dimensions,
    () => {
      throw refused
    },
  ]) {
    const limits: number[] = []
    const mediaInfo = { ...libraries.mediaInfo, dimensions }
    const endAfterComputing = (ms: number) => limits.push(ms)
    createExtract({ ...tools, libraries: { ...libraries, mediaInfo }, endAfterComputing })(jobFor(path), FULL)
    assert.deepEqual(limits, [FULL.computingMs, 0])
  }
})
