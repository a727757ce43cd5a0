/**
 * Shows the units: their words, what systemd's own programs say of them, and the refusals. Nothing outside a temporary
 * folder is written.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import { writeIfOther } from './install-service.ts'
import { commandWord, isForUnit, pathWord } from './unit-words.ts'
import { API_PATH, filesOf, INDEXER_PATH, type ServicePlan, SYSCTL_PATH } from './units.ts'

const MAIN = join(import.meta.dirname, '../main.ts')
const PLAN: ServicePlan = {
  node: process.execPath,
  projectFolder: '/opt/drive feed 100%',
  configPath: '/srv/my $data/server.yaml',
  databasePath: '/srv/my data/feed.db',
  logPath: '/var/log/drive-feed/log',
  port: 8080,
  watches: ['/mnt/media', '/mnt/my "films"'],
  user: 'daemon',
  watchesAllowed: 8192,
  instancesAllowed: 128,
}

function textOf(path: string, plan: ServicePlan): string {
  return filesOf(plan).find((file) => file.path === path)?.text ?? assert.fail(path)
}

test('paths with blanks, quotes, percent and dollar signs are words of a unit', () => {
  assert.equal(pathWord('/mnt/media'), '/mnt/media')
  assert.equal(pathWord('/mnt/my 100%'), '"/mnt/my 100%%"')
  assert.equal(pathWord('/a"b\\c'), '"/a\\"b\\\\c"')
  assert.equal(commandWord('/a $b/100%'), '"/a $$b/100%%"')
  assert.equal(pathWord('/a$b'), '/a$b')
  assert.ok(!isForUnit('/a\nExecStart=/bin/sh'))
  assert.ok(isForUnit('/mnt/Bücher und Filme'))
})

test('the indexer may read all and write where its files are; the api sees no watched folder', () => {
  const indexer = textOf(INDEXER_PATH, PLAN)
  assert.match(indexer, /^AmbientCapabilities=CAP_DAC_READ_SEARCH$/m)
  assert.match(indexer, /^ReadWritePaths="\/srv\/my data" \/var\/log\/drive-feed$/m)
  assert.match(indexer, / "--config=\/srv\/my \$\$data\/server\.yaml"$/m)
  const api = textOf(API_PATH, PLAN)
  assert.match(api, /^InaccessiblePaths=-\/mnt\/media "-\/mnt\/my \\"films\\""$/m)
  assert.match(api, /^User=daemon$/m)
  assert.match(textOf(API_PATH, { ...PLAN, user: 'root' }), /^DynamicUser=yes$/m)
  assert.match(textOf(API_PATH, { ...PLAN, port: 80 }), /^AmbientCapabilities=CAP_NET_BIND_SERVICE$/m)
})

test('what is watched in /tmp, or runs in a watched folder, is not hidden', () => {
  assert.match(textOf(INDEXER_PATH, PLAN), /^PrivateTmp=yes$/m)
  assert.match(textOf(INDEXER_PATH, { ...PLAN, watches: ['/tmp/media'] }), /^PrivateTmp=no$/m)
  assert.match(textOf(API_PATH, { ...PLAN, watches: ['/opt'] }), /^InaccessiblePaths=$/m)
})

test('limits are raised and never lowered', () => {
  assert.match(textOf(SYSCTL_PATH, PLAN), /max_user_watches = 524288\nfs\.inotify\.max_user_instances = 1024\n/)
  const roomy = { ...PLAN, watchesAllowed: 1_048_576, instancesAllowed: 8192 }
  assert.match(textOf(SYSCTL_PATH, roomy), /max_user_watches = 1048576\nfs\.inotify\.max_user_instances = 8192\n/)
})

test('a file that is the same stays as it is', (t) => {
  const path = join(temporaryFolder(t), 'etc/a.service')
  assert.ok(writeIfOther({ path, text: 'a' }))
  assert.ok(!writeIfOther({ path, text: 'a' }))
  assert.ok(writeIfOther({ path, text: 'b' }))
  assert.equal(readFileSync(path, 'utf8'), 'b')
})

const hasAnalyze = spawnSync('systemd-analyze', ['--version']).status === 0

test('systemd finds no fault with the units, and they are hardened', {
  skip: !hasAnalyze && 'needs systemd-analyze',
}, (t) => {
  const folder = temporaryFolder(t)
  mkdirSync(join(folder, 'my node 100%'))
  const node = join(folder, 'my node 100%/no de')
  symlinkSync(process.execPath, node)
  for (const user of ['root', 'daemon']) {
    const paths = filesOf({ ...PLAN, node, user }).flatMap(({ path, text }) => {
      const copy = join(folder, path.split('/').at(-1) ?? '')
      writeFileSync(copy, text)
      return path.endsWith('.service') ? [copy] : []
    })
    const verified = spawnSync('systemd-analyze', ['verify', '--man=no', ...paths], { encoding: 'utf8' })
    const complaints = verified.stderr.split('\n').filter((line) => line.includes('drive-feed'))
    assert.deepEqual([complaints, verified.status], [[], 0], verified.stderr)
    for (const path of paths) {
      // Of 100: what is exposed. Without any of the settings it is 96.
      const { status, stdout } = spawnSync('systemd-analyze', ['security', '--offline=yes', '--threshold=20', path], {
        encoding: 'utf8',
      })
      assert.equal(status, 0, stdout.split('\n').slice(-3).join('\n'))
    }
  }
})

function installService(...argv: string[]) {
  return spawnSync(process.execPath, [MAIN, 'install-service', ...argv], { encoding: 'utf8' })
}

test('--print needs no root and changes nothing; mistakes are one line and 2', (t) => {
  const folder = temporaryFolder(t)
  const config = join(folder, 'server.yaml')
  writeFileSync(config, 'database_url: feed.db\nwatches: {media: /mnt/media}\n')
  const { stdout, status, stderr } = installService(`--config=${config}`, '--print', '--user=daemon')
  assert.deepEqual([status, stderr], [0, ''])
  assert.deepEqual(
    stdout.match(/^# \/etc\/.*/gm),
    [INDEXER_PATH, API_PATH, SYSCTL_PATH].map((path) => `# ${path}`),
  )
  const refusals: [string[], string][] = [
    [
      [`--config=${config}`, '--print', '--user=no such'],
      '--user=no such: there is no such user; make it, or name another',
    ],
    [['--print', '--uninstall'], '--print and --uninstall exclude each other'],
  ]
  for (const [argv, line] of refusals) {
    const refused = installService(...argv)
    assert.deepEqual([refused.status, refused.stderr], [2, `drive-feed install-service: ${line}\n`])
  }
})

test('a config that strangers may not read needs a user', { skip: process.getuid?.() !== 0 && 'needs root' }, (t) => {
  const config = join(temporaryFolder(t), 'server.yaml')
  writeFileSync(config, 'database_url: feed.db\nwatches: {media: /mnt/media}\n')
  chmodSync(config, 0o600)
  const { stderr, status } = installService(`--config=${config}`, '--print')
  assert.equal(status, 2)
  assert.match(stderr, /only its owner may read .*; give --user=NAME/)
})
