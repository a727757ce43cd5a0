/** Shows for which folders a command is given that root may run, and that it names drive-feed's own paths alone. */
import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { temporaryFolder } from '../../test/support/temporary-folder.ts'
import { howToMakeWritable } from './make-writable.ts'

const USER = { uid: 1234, gid: 100 }
const OWN_FOLDER = { kind: 'own folder' }

function folderWith(t: TestContext, ...names: readonly string[]): string {
  const folder = join(temporaryFolder(t), 'place')
  mkdirSync(folder)
  for (const name of names) writeFileSync(join(folder, name), '')
  return folder
}

function remedyFor(folder: string, isWritable: (path: string) => boolean = () => false) {
  return howToMakeWritable(folder, 'feed.db', USER, isWritable)
}

test('a folder that is not there is made for the user', (t) => {
  const folder = join(folderWith(t), 'my new one')
  assert.deepEqual(remedyFor(folder), {
    kind: 'command',
    command: `sudo install -d -o 1234 -g 100 '${folder}'`,
  })
})

test("an empty folder, and one with drive-feed's files alone, are given with those paths that can't be written", (t) => {
  const empty = folderWith(t)
  assert.deepEqual(remedyFor(empty), { kind: 'command', command: `sudo chown 1234:100 ${empty}` })
  const used = folderWith(t, 'feed.db', 'feed.db-wal', 'server.yaml')
  assert.deepEqual(
    remedyFor(used, (path) => !path.includes('.db')),
    { kind: 'command', command: `sudo chown 1234:100 ${used}/feed.db ${used}/feed.db-wal` },
  )
})

test('what is theirs already gets other permissions', (t) => {
  const folder = folderWith(t)
  const user = { uid: process.getuid?.() ?? 0, gid: 100 }
  assert.deepEqual(
    howToMakeWritable(folder, 'feed.db', user, () => false),
    { kind: 'command', command: `chmod u+rwX ${folder}` },
  )
})

test('the system, a mount point, and a folder with other things are never given away', (t) => {
  for (const folder of ['/', '/etc', '/usr', '/proc', '/proc/self', folderWith(t, 'feed.db', 'holiday.jpg')]) {
    assert.deepEqual(remedyFor(folder), OWN_FOLDER, folder)
  }
  const linked = folderWith(t)
  symlinkSync('/', join(linked, 'feed.db'))
  assert.deepEqual(remedyFor(linked), OWN_FOLDER)
  const toTop = join(folderWith(t), 'top')
  symlinkSync('/', toTop)
  assert.deepEqual(remedyFor(toTop), OWN_FOLDER)
  assert.deepEqual(remedyFor(join(folderWith(t, 'file'), 'file')), OWN_FOLDER)
})
