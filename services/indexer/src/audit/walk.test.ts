/**
 * Shows which differences between a folder and a database the audit reports. Real folders, and rows recorded from them.
 */
import assert from 'node:assert/strict'
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { displayName, rawNameColumn } from '@drive-feed/shared/entry-name.ts'
import { statsAt } from '@drive-feed/shared/file-stats.ts'
import { plainNodeId } from '@drive-feed/shared/node-id.ts'
import type { FeedDatabase } from '@drive-feed/shared/open-database.ts'
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'
import { makeDeepFolder } from '../../../../test/support/deep-folder.ts'
import { openStore } from '../../../../test/support/open-store.ts'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { openFolder } from './folder-on-disk.ts'
import type { OnDisk } from './place.ts'
import { createAuditRows } from './rows.ts'
import { type Place, walk } from './walk.ts'

const HASHED = '2aae6c35c94fcfb415dbe95f408b9ce91ee846ed'

/** A watched folder, filled by `fill`, and a database that has what is in it. */
function recorded(t: TestContext, fill: (folder: string) => void) {
  const { db } = openStore(t)
  const path = temporaryFolder(t)
  const root = { name: 'media', path }
  fill(path)
  record(db, path)
  const rows = createAuditRows(db)
  const tools = { rows, isExcluded: (name: string) => name === 'excluded', readsFiles: false }
  const told = (place: Place = { root, names: [] }) =>
    Array.from(walk(tools, place)).flatMap((finding) => {
      if (finding.kind === 'same') return []
      const words = finding.kind === 'problem' ? finding.problem : `away, ${finding.nodes}`
      return [`/${finding.place.names.join('/')}: ${words}`]
    })
  return { path, root, told, sql: (text: string) => db.sqlite.exec(text) }
}

/** Writes a row for every file and folder, from the top down. */
function record({ sqlite }: FeedDatabase, top: string): void {
  const insert = sqlite.prepare(
    `INSERT INTO nodes (node_id, parent_id, name, raw_name, is_directory, device, inode, size, mtime, ctime, hash)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)`,
  )
  const put = (parentId: string, name: string, stats: OnDisk) => {
    const [device, inode, isFolder] = [String(stats.device), String(stats.inode), stats.kind === 'folder']
    const nodeId = plainNodeId(device, inode)
    // biome-ignore format: as in the statement
    insert.run(nodeId, parentId, displayName(name), rawNameColumn(name), isFolder ? 1 : 0, device, inode,
               isFolder ? 0 : stats.size, stats.mtime, isFolder ? '' : HASHED)
    return nodeId
  }
  const open = [{ path: top, nodeId: put(SUPER_ROOT_ID, 'media', statsAt(top) as OnDisk) }]
  for (const { path, nodeId } of open) {
    const folder = openFolder(path)
    assert.ok(!(folder instanceof Error))
    for (const name of folder.names() as Set<string>) {
      const stats = folder.at(name) as OnDisk
      const childId = put(nodeId, name, stats)
      if (stats.kind === 'folder') open.push({ path: `${path}/${name}`, nodeId: childId })
    }
    folder.close()
  }
}

test('folders nested deeper than calls may be are compared to the last one', (t) => {
  const depth = 4_300
  const { told, sql, root } = recorded(t, (path) => makeDeepFolder(path, 'd', depth))
  sql("UPDATE nodes SET size = 7 WHERE name = 'file'")
  const place = `/${'d/'.repeat(depth)}file`
  const expected = [`${place}: size 5 on the disk, 7 in the database`]
  assert.deepEqual(told(), expected)
  assert.deepEqual(told({ root, names: place.slice(1).split('/') }), expected)
})

test('a place that is compared by itself has the same result as in its folder', (t) => {
  const { told, path, root } = recorded(t, (top) => {
    mkdirSync(join(top, 'folder'))
    for (const name of ['a', 'b', 'excluded']) writeFileSync(join(top, 'folder', name), name)
  })
  assert.deepEqual(told(), ['/folder/excluded: excluded, but in the database'])
  rmSync(join(path, 'folder', 'a'))
  writeFileSync(join(path, 'folder', 'c'), 'c')
  const all = told()
  assert.equal(all.length, 3)
  const alone = ['a', 'b', 'c', 'excluded'].flatMap((name) => told({ root, names: ['folder', name] }))
  assert.deepEqual(alone.sort(), all.sort())
  renameSync(join(path, 'folder'), join(path, 'elsewhere'))
  assert.deepEqual(told({ root, names: ['folder', 'b'] }), ['/folder/b: a file in the database, not on the disk'])
})

test('names that are not UTF-8 and look alike are distinguished', (t) => {
  const { told, sql, path } = recorded(t, (top) => {
    for (const byte of [0xff, 0xfe]) writeFileSync(Buffer.concat([Buffer.from(`${top}/`), Buffer.of(byte)]), 'x')
  })
  assert.deepEqual(told(), [])
  sql("UPDATE nodes SET size = 7 WHERE name = '\ufffdFE'")
  assert.deepEqual(told(), ['/\udcfe: size 1 on the disk, 7 in the database'])
  rmSync(Buffer.concat([Buffer.from(`${path}/`), Buffer.of(0xff)]))
  assert.equal(told().length, 2)
})

/** Makes the rows of a folder those of another filesystem. */
const ELSEWHERE = `
  INSERT INTO devices (device, current_number, filesystem_id, filesystem_type, mount_source, mount_root)
    SELECT device, device, '12340000abcd', 'btrfs', '/dev/sda', '/' FROM nodes WHERE name = 'media';
  INSERT INTO devices (device, current_number, filesystem_id, filesystem_type, mount_source, mount_root)
    VALUES ('7', '7', '56780000abcd', 'TYPE', '/dev/sda', '/');
  UPDATE nodes SET device = '7' WHERE name IN ('usb', 'a', 'inner')`

for (const [title, type, isAway] of [
  ['another filesystem that is not mounted is away', 'ext4', true],
  ['a subvolume that is not there was deleted', 'btrfs', false],
  ['a filesystem in memory that is not mounted is gone', 'tmpfs', false],
] as const) {
  test(`I7: ${title}`, (t) => {
    const { told, sql, path, root } = recorded(t, (top) => {
      mkdirSync(join(top, 'usb', 'inner'), { recursive: true })
      writeFileSync(join(top, 'usb', 'a'), 'a')
    })
    sql(ELSEWHERE.replace('TYPE', type))
    rmSync(join(path, 'usb', 'a'))
    for (const place of [
      { root, names: [] },
      { root, names: ['usb'] },
    ]) {
      const lines = told(place)
      if (isAway) assert.deepEqual(lines, ['/usb: away, 3'])
      else assert.ok(lines.includes('/usb/a: a file in the database, not on the disk'))
    }
    rmSync(join(path, 'usb'), { recursive: true })
    assert.deepEqual(told(), ['/usb: a folder in the database, not on the disk'])
  })
}

test("the system's message about a place has no path in it", (t) => {
  const { told, path, root } = recorded(t, (top) => mkdirSync(join(top, 'folder')))
  rmSync(join(path, 'folder'), { recursive: true })
  writeFileSync(join(path, 'folder'), '')
  assert.deepEqual(told({ root, names: ['folder', '\x1b'] }), [])
  const long = 'x'.repeat(300)
  assert.deepEqual(told({ root: { ...root, path: join(path, long) }, names: ['a'] }), [
    "/a: it can't be looked at (ENAMETOOLONG: name too long)",
  ])
})
