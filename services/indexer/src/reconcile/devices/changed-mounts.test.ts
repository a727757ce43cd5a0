/** Shows which mount points count as changed between two readings: a table. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Mountinfo } from '../../scan/mountinfo.ts'
import { changedPoints, mountPoints } from './changed-mounts.ts'

/** `POINT` or `POINT=ROOT`, each a mount with an id of its own. */
function mounts(...texts: readonly string[]): Mountinfo[] {
  return texts.map((text) => {
    const [point = '', root = '/'] = text.split('=')
    return { id: text, parentId: '1', device: '8:1', root, point, type: 'ext4', source: '/dev/sda1' }
  })
}

const CASES: readonly [what: string, before: readonly string[], now: readonly string[], changed: readonly string[]][] =
  [
    ['nothing', ['/', '/r/a'], ['/', '/r/a'], []],
    ['one that came', ['/'], ['/', '/r/a'], ['/r/a']],
    ['one that went', ['/', '/r/a'], ['/'], ['/r/a']],
    ['one that is another', ['/r/a=/x'], ['/r/a=/y'], ['/r/a']],
    ['one more on the same point', ['/r/a=/x'], ['/r/a=/x', '/r/a=/y'], ['/r/a']],
    ['two on one point in another order', ['/r/a=/x', '/r/a=/y'], ['/r/a=/y', '/r/a=/x'], ['/r/a']],
    ['another order of points', ['/r/a', '/r/b'], ['/r/b', '/r/a'], []],
    ['one that moved with one inside it', ['/r/a', '/r/a/b'], ['/r/c', '/r/c/b'], ['/r/a', '/r/a/b', '/r/c', '/r/c/b']],
    ['what is inside of one that came', ['/r/a/b', '/r/ab'], ['/r/a/b', '/r/ab', '/r/a'], ['/r/a', '/r/a/b']],
    ['what is inside of one that went', ['/r', '/r/a'], ['/r/a'], ['/r', '/r/a']],
    ['everything below the root of all', ['/', '/r/a'], ['/', '/=x', '/r/a'], ['/', '/r/a']],
  ]

for (const [what, before, now, changed] of CASES) {
  test(`mount points that changed: ${what}`, () => {
    const found = changedPoints(mountPoints(mounts(...before)), mountPoints(mounts(...now)))
    assert.deepEqual([...found].sort(), [...changed].sort())
  })
}
