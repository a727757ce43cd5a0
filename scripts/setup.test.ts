/**
 * Shows what `scripts/setup` installs and when, and its messages if it can't. The script runs in a made-up clone, with
 * stand-ins for the programs that it calls.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { temporaryFolder } from '../test/support/temporary-folder.ts'

const ROOT = join(import.meta.dirname, '..')
const BOTH_LIBRARIES = 'libmagic.so.1 (libc6) => x\\nlibmediainfo.so.0 (libc6) => x\\n'

/** Programs that the script may find besides those that every Debian has. Each is the body of a shell script. */
type Machine = Readonly<Record<string, string>>

const READY: Machine = {
  ldconfig: `printf '${BOTH_LIBRARIES}'`,
  node: 'echo true',
  npm: 'echo "npm $*" >>calls; mkdir -p node_modules/.bin; printf "#!/bin/sh\\n" >node_modules/.bin/node; chmod +x node_modules/.bin/node',
}
const USER: Machine = { id: 'echo 1000' }
const ROOT_USER: Machine = { id: 'echo 0' }
const APT: Machine = { 'apt-get': 'echo "apt-get $*" >>calls', 'apt-cache': 'test "$2" = libmagic1t64' }
const OLD_APT: Machine = { ...APT, 'apt-cache': 'exit 100' }
const PROXIES: Machine = { caddy: '', nginx: '' }
const NO_LIBRARIES: Machine = { ldconfig: 'echo libc.so.6' }

test('a fresh clone gets its packages once, and again when the lock file changes', (t) => {
  const clone = cloneOn(t, READY)
  const installed = 'npm ci --ignore-scripts --no-audit --no-fund --loglevel=error --omit=dev\n'
  assert.deepEqual(clone.setUp(), { status: 0, stdout: '', stderr: 'Installing the Node packages...\n' })
  assert.equal(clone.calls(), installed)
  assert.deepEqual(clone.setUp(), { status: 0, stdout: '', stderr: '' })
  assert.equal(clone.calls(), installed)
  writeFileSync(join(clone.folder, 'package-lock.json'), '{}')
  assert.equal(clone.setUp().status, 0)
  assert.equal(clone.calls(), installed.repeat(2))
})

test('packages that only tests need are installed for tests, and stay', (t) => {
  const clone = cloneOn(t, { ...READY, ...ROOT_USER })
  const all = 'npm ci --ignore-scripts --no-audit --no-fund --loglevel=error\n'
  const some = all.replace('\n', ' --omit=dev\n')
  assert.equal(clone.setUp().status, 0)
  assert.equal(clone.setUp('--for-tests').status, 0)
  assert.equal(clone.setUp('--for-tests').status, 0)
  assert.equal(clone.setUp().status, 0)
  assert.equal(clone.calls(), some + all)
  writeFileSync(join(clone.folder, 'package-lock.json'), '{}')
  assert.equal(clone.setUp().status, 0)
  assert.equal(clone.calls(), some + all + all)
})

test('an installation that failed is tried again', (t) => {
  const clone = cloneOn(t, { ...READY, npm: 'echo "npm $*" >>calls; exit 1' })
  assert.equal(clone.setUp().status, 1)
  assert.equal(clone.setUp().status, 1)
  assert.equal(clone.calls().split('\n').length, 3)
})

test('without Node or npm it says how to get them', (t) => {
  const stderr = `drive-feed needs Node.js and npm, which are not installed. On Debian and Ubuntu:
  sudo apt-get install -y nodejs npm
`
  assert.deepEqual(cloneOn(t, { node: '' }).setUp(), { status: 1, stdout: '', stderr })
  assert.deepEqual(cloneOn(t, { npm: '' }).setUp(), { status: 1, stdout: '', stderr })
})

test('a user without libraries gets the exact command', (t) => {
  const { status, stderr } = cloneOn(t, { ...READY, ...NO_LIBRARIES, ...APT, ...USER }).setUp()
  assert.equal(status, 1)
  assert.equal(
    stderr,
    `drive-feed needs two system libraries, and only root can install them. Please run:
  sudo apt-get update && sudo apt-get install -y --no-install-recommends libmagic1t64 libmediainfo0v5
`,
  )
})

test('what apt-get says is shown only if it fails, and then its end', (t) => {
  const says = (code: number) => ({
    'apt-get': `for n in 1 2 3 4 5 6 7 8 9 10 11 12; do echo "line $n"; done; exit ${code}`,
  })
  const quiet = cloneOn(t, { ...READY, ...NO_LIBRARIES, ...APT, ...says(0), ...ROOT_USER }).setUp()
  const steps = 'Installing libmagic and libmediainfo...\n'
  assert.deepEqual(quiet, { status: 0, stdout: '', stderr: `${steps}Installing the Node packages...\n` })
  const failed = cloneOn(t, { ...READY, ...NO_LIBRARIES, ...APT, ...says(100), ...ROOT_USER }).setUp()
  const end = Array.from({ length: 10 }, (_, at) => `  line ${at + 3}\n`).join('')
  assert.deepEqual(failed, { status: 1, stdout: '', stderr: `${steps}${end}apt-get update failed.\n` })
})

test('one library of the two is not enough', (t) => {
  const half = { ldconfig: "printf 'libmagic.so.1 (libc6) => x\\nlibmediainfo.so.01 (libc6) => x\\n'" }
  assert.equal(cloneOn(t, { ...READY, ...half, ...APT, ...USER }).setUp().status, 1)
})

test("for root the libraries are installed, under the release's name for them", (t) => {
  for (const [apt, magic] of [
    [APT, 'libmagic1t64'],
    [OLD_APT, 'libmagic1'],
  ] as const) {
    const clone = cloneOn(t, { ...READY, ...NO_LIBRARIES, ...apt, ...ROOT_USER })
    assert.equal(clone.setUp().status, 0)
    assert.equal(
      clone.calls().split('\n').slice(0, 2).join('\n'),
      `apt-get update -qq\napt-get install -y -qq --no-install-recommends ${magic} libmediainfo0v5`,
    )
  }
})

test("for root's tests the proxies are installed, and their packages start no server", (t) => {
  const forTests = '--for-tests'
  const systemctl = { systemctl: 'echo "systemctl $*" >>calls' }
  const clone = cloneOn(t, { ...READY, ...APT, ...ROOT_USER, ...systemctl })
  assert.equal(clone.setUp().status, 0)
  assert.doesNotMatch(clone.calls(), /caddy|nginx/)
  assert.equal(clone.setUp(forTests).status, 0)
  for (const program of ['caddy', 'nginx']) {
    const calls = `apt-get install -y -qq --no-install-recommends ${program}\nsystemctl disable --quiet --now ${program}\n`
    assert.ok(clone.calls().includes(calls), program)
  }
  for (const machine of [{ ...APT, ...ROOT_USER, ...PROXIES }, { ...APT, ...USER }, ROOT_USER]) {
    const other = cloneOn(t, { ...READY, ...systemctl, ...machine })
    assert.equal(other.setUp(forTests).status, 0)
    assert.doesNotMatch(other.calls(), /caddy|nginx/)
  }
  const offline = cloneOn(t, { ...READY, ...ROOT_USER, ...systemctl, 'apt-get': 'exit 100' })
  const { stderr } = offline.setUp(forTests)
  for (const program of ['caddy', 'nginx']) {
    assert.ok(stderr.includes(`Could not install ${program}: tests that need them are skipped.\n`), program)
  }
  assert.doesNotMatch(offline.calls(), /systemctl/)
})

test("for root's tests the programs that make filesystems are installed, and other users need none", (t) => {
  const forTests = '--for-tests'
  const install =
    'apt-get install -y -qq --no-install-recommends e2fsprogs btrfs-progs xfsprogs exfatprogs exfat-fuse mergerfs strace'
  const clone = cloneOn(t, { ...READY, ...APT, ...ROOT_USER })
  assert.equal(clone.setUp().status, 0)
  assert.doesNotMatch(clone.calls(), /apt-get/)
  assert.equal(clone.setUp(forTests).status, 0)
  assert.ok(clone.calls().endsWith(`apt-get update -qq\n${install}\n`))
  const served = { ...PROXIES, sqlite3: '', 'mkfs.exfat': '', 'mount.exfat-fuse': '', mergerfs: '', strace: '' }
  const makers = { 'mkfs.ext4': '', 'mkfs.btrfs': '', 'mkfs.xfs': '', ...served }
  for (const machine of [{ ...APT, ...ROOT_USER, ...makers }, { ...APT, ...USER }, ROOT_USER]) {
    const other = cloneOn(t, { ...READY, ...machine })
    assert.equal(other.setUp(forTests).status, 0)
    assert.doesNotMatch(other.calls(), /apt-get/)
  }
  const offline = cloneOn(t, { ...READY, ...ROOT_USER, 'apt-get': 'exit 100' }).setUp(forTests)
  assert.equal(offline.status, 0)
  assert.match(offline.stderr, /Could not install .*: tests that need them are skipped\.\n$/)
})

test('scripts/start finds its clone by a link too, and passes the folders on', (t) => {
  const { folder } = cloneOn(t, READY)
  cpSync(join(ROOT, 'scripts/start'), join(folder, 'scripts/start'))
  const bin = join(folder, 'node_modules/.bin')
  mkdirSync(bin, { recursive: true })
  writeFileSync(join(folder, 'scripts/setup'), '#!/bin/sh\n', { mode: 0o755 })
  writeFileSync(join(bin, 'node'), '#!/bin/sh\necho "$@"\n', { mode: 0o755 })
  const link = join(folder, 'programs/start-it')
  symlinkSync('../scripts/start', link)
  const { stdout, stderr } = spawnSync(link, ['a folder'], { encoding: 'utf8' })
  assert.deepEqual([stdout, stderr], [`${folder}/cli/src/main.ts start a folder\n`, ''])
})

test('without apt-get it names the libraries', (t) => {
  const { status, stderr } = cloneOn(t, { ...READY, ...NO_LIBRARIES, ...ROOT_USER }).setUp()
  assert.equal(status, 1)
  assert.match(stderr, /^drive-feed needs libmagic \(libmagic\.so\.1\) and MediaInfo \(libmediainfo\.so\.0\):\n/)
})

test("if the packages have no Node 24, the machine's own Node must be one", (t) => {
  const noBinary = { npm: 'mkdir -p node_modules' }
  assert.equal(cloneOn(t, { ...READY, ...noBinary }).setUp().status, 0)
  const old = { node: 'case $1 in -p) echo false;; *) echo v20.1.0;; esac', uname: 'echo armv7l' }
  const { status, stderr } = cloneOn(t, { ...READY, ...noBinary, ...old }).setUp()
  assert.equal(status, 1)
  assert.match(stderr, /Node 24.*this is armv7l with Node v20\.1\.0\.\nInstall Node 24 and start again\.\n$/s)
})

/** A clone with the files that the set-up reads, on a machine that has only the basics and `machine`. */
function cloneOn(t: TestContext, machine: Machine) {
  const folder = temporaryFolder(t)
  for (const file of ['package-lock.json', 'scripts/setup']) {
    cpSync(join(ROOT, file), join(folder, file))
  }
  const programs = join(folder, 'programs')
  mkdirSync(programs)
  for (const name of ['dirname', 'cksum', 'flock', 'mkdir', 'chmod', 'sh', 'bash', 'env', 'uname', 'id']) {
    const found = ['/usr/bin', '/bin'].map((place) => join(place, name)).find(existsSync)
    if (found !== undefined && !(name in machine)) symlinkSync(found, join(programs, name))
  }
  for (const [name, body] of Object.entries(machine)) {
    writeFileSync(join(programs, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 })
  }
  const environment = { PATH: programs }
  return {
    folder,
    setUp: (...args: string[]) => {
      const { status, stdout, stderr } = spawnSync(join(folder, 'scripts/setup'), args, {
        env: environment,
        encoding: 'utf8',
      })
      return { status, stdout, stderr }
    },
    calls: () => readFileSync(join(folder, 'calls'), 'utf8'),
  }
}
