/**
 * Shows that a written config file is valid and readable, and watches the given folders. The real loader loads each
 * again.
 */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ConfigError, loadConfig } from '@drive-feed/shared/config/config.ts'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import { unwatchedOf, watchesOf, watchLines, withPort, writeConfigFile } from './config-file.ts'

test('a written config watches the folders, and everything else is at its default', (t) => {
  const folder = temporaryFolder(t)
  const folders = ['media', 'other/media', '2024', 'with space: "and more"', 'null'].map((name) => join(folder, name))
  for (const path of folders) mkdirSync(path, { recursive: true })
  const path = join(folder, 'data/server.yaml')
  writeConfigFile(path, folders)
  const config = loadConfig(path, { checkFolders: { isKnown: () => false } })
  // Keys that look like numbers come first in objects of the YAML parser.
  const byPath = new Map(config.watches.map((watch) => [watch.path, watch.name]))
  assert.deepEqual(
    folders.map((watched) => byPath.get(watched)),
    ['media', 'media-2', '2024', 'with space: "and more"', 'null'],
  )
  assert.equal(config.databasePath, join(folder, 'data/feed.db'))
})

test('a mistake leaves no config behind', (t) => {
  const folder = temporaryFolder(t)
  const path = join(folder, 'data/server.yaml')
  assert.throws(() => writeConfigFile(path, [join(folder, 'nowhere')]), {
    name: ConfigError.name,
    message: `watches.nowhere: "${folder}/nowhere" does not exist: must be an existing folder`,
  })
  assert.throws(
    () => writeConfigFile(path, [folder]),
    /^ConfigError: database_url: .*; --data=FOLDER puts it elsewhere$/,
  )
  assert.ok(existsSync(join(folder, 'data')))
  assert.deepEqual(readdirSync(join(folder, 'data')), [])
})

test('names of watches are different, even if a folder already has a name with a number behind it', () => {
  assert.deepEqual(
    watchesOf(['/a/media', '/b/media', '/media-2', '/', '/c/media']).map(({ name }) => name),
    ['media', 'media-2', 'media-2-2', 'root', 'media-3'],
  )
})

test('a folder is watched under any path that leads to it, but not through the folder above', (t) => {
  const folder = temporaryFolder(t)
  mkdirSync(join(folder, 'media/photos'), { recursive: true })
  symlinkSync(join(folder, 'media'), join(folder, 'link'))
  const watches = [{ name: 'media', path: join(folder, 'link') }]
  const given = [join(folder, 'media'), join(folder, 'link'), join(folder, 'media/photos'), '/nowhere']
  assert.deepEqual(unwatchedOf(given, watches), [join(folder, 'media/photos'), '/nowhere'])
})

test('lines to add to a config are YAML, plain where that is enough', () => {
  assert.deepEqual(
    watchLines([
      { name: 'media', path: '/mnt/media' },
      { name: 'no', path: '/mnt/a b' },
    ]),
    ['  media: /mnt/media', '  "no": "/mnt/a b"'],
  )
})

test('a written config is worth reading', (t) => {
  const folder = temporaryFolder(t)
  mkdirSync(join(folder, 'media'))
  writeConfigFile(join(folder, 'data/server.yaml'), [join(folder, 'media')])
  assert.equal(
    readFileSync(join(folder, 'data/server.yaml'), 'utf8'),
    `# What drive-feed watches, and where it serves it. The README has every key. Restart it after a change.
host: 0.0.0.0
port: 8080
database_url: feed.db
watches:
  media: ${folder}/media
`,
  )
})

test('another port changes nothing else in a config', () => {
  const text = '# mine\nport: 8080 # the usual\nwatches: {media: /mnt/media}\n'
  assert.equal(withPort(text, 8081), text.replace('8080', '8081'))
  assert.equal(withPort('{port: "8080", watches: {}}', 8081), '{port: 8081, watches: {}}')
  assert.equal(
    withPort('# mine\nwatches:\n  port: /mnt/port\n', 8081),
    '# mine\nwatches:\n  port: /mnt/port\nport: 8081\n',
  )
})

test('a config that another start wrote meanwhile stays', (t) => {
  const folder = temporaryFolder(t)
  mkdirSync(join(folder, 'media'))
  mkdirSync(join(folder, 'data'))
  const path = join(folder, 'data/server.yaml')
  writeFileSync(path, 'theirs')
  writeConfigFile(path, [join(folder, 'media')])
  assert.equal(readFileSync(path, 'utf8'), 'theirs')
  assert.deepEqual(readdirSync(join(folder, 'data')), ['server.yaml'])
})
