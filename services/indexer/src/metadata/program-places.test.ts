/** Shows which folders a worker may read besides the watched ones: the environment is set for each case. */
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { type TestContext, test } from 'node:test'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { mappedFolders, programPlaces, readPlaces } from './program-places.ts'

function withEnvironment(t: TestContext, variables: Readonly<Record<string, string | undefined>>): void {
  const set = (name: string, value: string | undefined) => {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
  for (const [name, value] of Object.entries(variables)) {
    const before = process.env[name]
    set(name, value)
    t.after(() => set(name, before))
  }
}

test("databases of MAGIC are places, as named and as compiled, and so are those of the user's home", (t) => {
  withEnvironment(t, { MAGIC: '/x/m:/y/n' })
  for (const place of ['/x/m', '/x/m.mgc', '/y/n', '/y/n.mgc']) assert.ok(readPlaces().includes(place), place)
  const home = temporaryFolder(t)
  withEnvironment(t, { MAGIC: undefined, HOME: home })
  writeFileSync(join(home, '.magic.mgc'), '')
  assert.ok(
    readPlaces().some((place) => normalize(place).startsWith(join(home, '.magic'))),
    readPlaces().join(' '),
  )
})

test('folders of LD_LIBRARY_PATH are places, but the current one is not', (t) => {
  withEnvironment(t, { LD_LIBRARY_PATH: '/opt/lib::relative:/opt/more;/opt/third' })
  const places = readPlaces()
  for (const place of ['/opt/lib', '/opt/more', '/opt/third']) assert.ok(places.includes(place), place)
  assert.ok(!places.includes('') && !places.includes('relative') && !places.includes('.'))
})

test('the folder of this project is no place: a config and database may be in it', () => {
  const project = join(import.meta.dirname, '../../../..')
  const covers = (path: string) =>
    [...readPlaces(), ...programPlaces()].filter((place) => `${path}/`.startsWith(`${place}/`))
  for (const path of ['', 'data', 'data/server.yaml', 'server.yaml']) assert.deepEqual(covers(join(project, path)), [])
  assert.notDeepEqual(covers(import.meta.dirname), [])
})

test('the folder of the running program is a place, wherever it is', () => {
  assert.ok(programPlaces().includes(dirname(process.execPath)))
  const maps = `55d0-55d1 r--p 00000000 fd:00 11   /opt/bin/node
55d1-55d2 r-xp 00001000 fd:00 11                         /opt/bin/node
7f00-7f01 r-xp 00000000 fd:00 12                         /opt/my lib/libc.so.6
7f01-7f02 rw-p 00000000 fd:00 13                         /var/data/file
7f02-7f03 r-xp 00000000 00:00 0                          [vdso]
7f03-7f04 r-xp 00000000 fd:00 14                         ${import.meta.dirname}/own.node
7f04-7f05 rwxp 00000000 00:00 0
`
  assert.deepEqual(mappedFolders(maps), ['/opt/bin', '/opt/my lib'])
})

test('a home with a folder of sources is a place too', (t) => {
  const home = temporaryFolder(t)
  mkdirSync(join(home, '.magic'))
  writeFileSync(join(home, '.magic/magic.mgc'), '')
  withEnvironment(t, { MAGIC: undefined, HOME: home })
  assert.ok(
    readPlaces().some((place) => normalize(place).startsWith(join(home, '.magic'))),
    readPlaces().join(' '),
  )
})
