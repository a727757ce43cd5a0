/** Shows the words about a database that its user may not write: a table. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../../test/support/temporary-folder.ts'
import { describeOwner, whyNotWritable } from './not-writable.ts'

test('the owner is told how to run as the owner of the folder, or how to give it away', () => {
  assert.equal(
    describeOwner(
      '/data',
      { uid: 1000, gid: 100 },
      { uid: 0, gid: 0 },
      { kind: 'command', command: 'sudo chown 0:0 /data' },
    ),
    "/data can't be written by this user (0:0), it belongs to 1000:100. Run as its owner (with Docker: --user 1000:100, or PUID=1000 and PGID=100 in .env), or give it to this user: sudo chown 0:0 /data (with Docker: the folder that is mounted there, on the host)",
  )
})

test('nobody is told to give away a folder that holds other things', () => {
  assert.match(
    describeOwner('/mnt', { uid: 0, gid: 0 }, { uid: 1000, gid: 100 }, { kind: 'own folder' }),
    /PGID=0 in \.env\), or put the database into a folder of its own \(database_url\)$/,
  )
})

test('a folder of the user that it may not write is another matter', () => {
  const me = { uid: 1000, gid: 1000 }
  assert.equal(
    describeOwner('/my data', me, me, { kind: 'own folder' }),
    "/my data can't be written by this user (1000:1000), though it is theirs; check its permissions and mount",
  )
})

test('nothing is said about a folder that can be written, nor about one that is not there', (t) => {
  const folder = temporaryFolder(t)
  assert.equal(whyNotWritable(join(folder, 'feed.db')), null)
  assert.equal(whyNotWritable(join(folder, 'nowhere/feed.db')), null)
})
