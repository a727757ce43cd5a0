/** Shows what `drive-feed du` counts, and which folders it refuses. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { feedFolder } from '../../../test/support/feed-folder.ts'
import { runProgram } from '../../../test/support/program.ts'
import { EXIT_DONE, EXIT_NOT_WELL, EXIT_UNUSABLE } from '../exit-codes.ts'

test('folders have the files below them, the largest first, down to a depth', async (t) => {
  const place = await feedFolder(t)
  const { feed } = place
  feed.put({ id: 'small', parentId: 'media', isDirectory: true })
  feed.put({ id: 'one', parentId: 'small', size: 1 })
  feed.put({ id: 'large', parentId: 'media', isDirectory: true })
  feed.put({ id: 'deep', parentId: 'large', name: '\u001b[31m', isDirectory: true })
  // Together more than a 64-bit number holds.
  for (const id of ['a', 'b']) feed.put({ id, parentId: 'deep', size: 2 ** 62 })
  feed.put({ id: 'c', parentId: 'media', size: 7 })

  const all = runProgram(place, ['du'])
  assert.deepEqual([all.status, all.stderr], [EXIT_DONE, ''])
  assert.equal(
    all.stdout,
    '8.00 EiB  4 files  /mnt/media\n8.00 EiB  2 files  /mnt/media/large\n     1 B  1 files  /mnt/media/small\n',
  )
  const { stdout } = runProgram(place, ['du', '/mnt/media/large', '--depth=9', '--json'])
  const lines = stdout.trim().split('\n')
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)),
    [
      { path: '/mnt/media/large', files: 2, folders: 1, bytes: 2 ** 63 },
      { path: '/mnt/media/large/\u001b[31m', files: 2, folders: 0, bytes: 2 ** 63 },
    ],
  )
  assert.equal(runProgram(place, ['du', 'media', '--depth=0']).stdout, '8.00 EiB  4 files  /mnt/media\n')

  for (const [args, code, says] of [
    [
      ['du', '/nowhere'],
      EXIT_NOT_WELL,
      /^drive-feed du: \/nowhere is in no watched folder; there are:\n {2}media: .*\n$/,
    ],
    [['du', '/mnt/media/none'], EXIT_NOT_WELL, /^drive-feed du: nothing is known at \/mnt\/media\/none\n$/],
    [['du', '/mnt/media/c'], EXIT_NOT_WELL, /^drive-feed du: \/mnt\/media\/c is a file, not a folder\n$/],
    [['du', '--depth=-1'], EXIT_UNUSABLE, /^drive-feed du: --depth needs a number of levels, .*\n$/],
  ] as const) {
    const refused = runProgram(place, args)
    assert.deepEqual([refused.status, refused.stdout], [code, ''])
    assert.match(refused.stderr, says)
  }
})
