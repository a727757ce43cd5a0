/**
 * Shows I14 for opening: only the file that was looked at is opened, whatever takes its place. Real folders, with
 * openat2(2) and without.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { closeSync, mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { nameFromBytes, pathForFs } from '@drive-feed/shared/entry-name.ts'
import type { FileStats } from '@drive-feed/shared/file-stats.ts'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { createOpenFile, hasOpenat2 } from './open-file.ts'

const isFile = ({ kind }: FileStats) => kind === 'file'

/** `watched/folder/file`, and a file with the same names below `beside`. */
function folders(t: TestContext) {
  const top = temporaryFolder(t)
  for (const name of ['watched', 'beside']) {
    mkdirSync(join(top, name, 'folder'), { recursive: true })
    writeFileSync(join(top, name, 'folder/file'), name)
  }
  const watched = join(top, 'watched')
  return {
    top,
    watched,
    folder: join(watched, 'folder'),
    file: join(watched, 'folder/file'),
    beside: join(top, 'beside'),
  }
}

for (const [how, canOpenBeneath] of [
  ['openat2', true],
  ['names one by one', false],
] as const) {
  const skip = canOpenBeneath && !hasOpenat2() && 'this kernel has no openat2'
  const openFile = createOpenFile(canOpenBeneath)
  const contentAt = (root: string, path: string, isMeant: (stats: FileStats) => boolean = isFile) => {
    const fd = openFile(root, path, isMeant)
    if (fd === null) return null
    try {
      return readFileSync(fd, 'utf8')
    } finally {
      closeSync(fd)
    }
  }

  test(`by ${how}: a folder that became a symbolic link leads nowhere`, { skip }, (t) => {
    const { watched, folder, file, beside } = folders(t)
    assert.equal(contentAt(watched, file), 'watched')
    renameSync(folder, `${folder}.moved`)
    symlinkSync(join(beside, 'folder'), folder)
    assert.throws(() => contentAt(watched, file), { code: canOpenBeneath ? 'ELOOP' : 'ENOTDIR' })
    symlinkSync(join(beside, 'folder/file'), join(watched, 'link'))
    assert.equal(contentAt(watched, join(watched, 'link')), null)
  })

  test(`by ${how}: the file that was looked at is opened, whatever takes its place by then`, { skip }, (t) => {
    const { watched, folder, file, beside } = folders(t)
    const content = contentAt(watched, file, (stats) => {
      renameSync(folder, `${folder}.moved`)
      symlinkSync(join(beside, 'folder'), folder)
      return isFile(stats)
    })
    assert.equal(content, 'watched')
  })

  test(`by ${how}: an entry that is no file is looked at and not opened`, { skip }, (t) => {
    const { watched, folder } = folders(t)
    execFileSync('mkfifo', [join(folder, 'fifo')])
    const met: string[] = []
    const meet = ({ kind }: FileStats) => {
      met.push(kind)
      return false
    }
    // If it were opened, it would have a reader for a moment, and a writer could meet that reader.
    for (const name of ['fifo', '.']) assert.equal(openFile(watched, join(folder, name), meet), null)
    assert.deepEqual(met, ['other', 'folder'])
  })

  test(`by ${how}: odd names, long paths and a root that is a link itself are opened as well`, { skip }, (t) => {
    const { top, watched, file } = folders(t)
    const odd = join(watched, nameFromBytes(Buffer.from('caf\xe9\n', 'latin1')))
    writeFileSync(pathForFs(odd), 'odd')
    assert.equal(contentAt(watched, odd), 'odd')
    symlinkSync(watched, join(top, 'link'))
    assert.equal(contentAt(join(top, 'link'), join(top, 'link/folder/file')), 'watched')
    assert.equal(contentAt('/', file), 'watched')
    assert.throws(() => contentAt(watched, join(watched, 'nothing')), { code: 'ENOENT' })
  })

  test(`by ${how}: no descriptor is left open`, { skip }, (t) => {
    const { watched, folder, file } = folders(t)
    const count = () => readdirSync('/proc/self/fd').length
    const before = count()
    contentAt(watched, file)
    openFile(watched, file, () => false)
    for (const path of [join(folder, 'no/thing'), join(file, 'below')]) assert.throws(() => contentAt(watched, path))
    assert.equal(count(), before)
  })
}
