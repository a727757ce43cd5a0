/** Shows that paths longer than the kernel accepts are opened, and no descriptor is left open. Real folders. */
import assert from 'node:assert/strict'
import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { type TestContext, test } from 'node:test'
import { temporaryFolder } from '../../test/support/temporary-folder.ts'
import { pathForFs } from './entry-name.ts'
import { openInSteps } from './open-in-steps.ts'

const OPEN_FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW
const open = (path: string) => openSync(pathForFs(path), constants.O_RDONLY)

/** Makes nested folders, each with this name. Gives the path of a file in the last. */
function deepFile(t: TestContext, name: string, depth: number): string {
  const top = temporaryFolder(t)
  // From the inside out: each new folder takes the others in, so that no path gets long.
  mkdirSync(`${top}/0`)
  writeFileSync(`${top}/0/file`, 'found')
  for (let level = 1; level < depth; level += 1) {
    mkdirSync(`${top}/${level}`)
    renameSync(`${top}/${level - 1}`, pathForFs(`${top}/${level}/${name}`))
  }
  return `${top}/${depth - 1}/${`${name}/`.repeat(depth - 1)}file`
}

for (const [title, name, depth] of [
  ['of 6,000 bytes', 'x'.repeat(255), 24],
  ['of 2,200 folders', 'd', 2_200],
  ['whose names take three bytes a character', '日'.repeat(80), 60],
  ['whose names are no UTF-8', '\udcff'.repeat(250), 30],
] as const) {
  test(`a path ${title} is opened, and no descriptor stays open`, (t) => {
    const path = deepFile(t, name, depth)
    const before = readdirSync('/proc/self/fd').length
    const fd = openInSteps(path, OPEN_FOLDER, open)
    assert.equal(readFileSync(fd, 'utf8'), 'found')
    closeSync(fd)
    for (const missing of [`${path}x`, `${path}/x`, `${path.slice(0, -5)}/x/file`]) {
      assert.throws(() => openInSteps(missing, OPEN_FOLDER, open), /ENOENT|ENOTDIR/)
    }
    assert.equal(readdirSync('/proc/self/fd').length, before)
  })
}

test('a name that is too long is refused', () => {
  assert.throws(() => openInSteps(`/tmp/${'x'.repeat(9_000)}`, OPEN_FOLDER, open), { code: 'ENAMETOOLONG' })
})
