/**
 * Shows what a restricted thread can read, write and run. A process restricts itself and reports what it can still do.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { landlockVersion } from './landlock.ts'

const without = { skip: landlockVersion() === 0 && 'this kernel has no Landlock' }
const SCRIPT = join(import.meta.dirname, 'test-support/restricted.ts')

test('a thread, and processes that it starts, read, write and run only what they may', without, async (t) => {
  const folder = temporaryFolder(t)
  for (const name of ['open', 'own', 'closed']) {
    mkdirSync(join(folder, name))
    writeFileSync(join(folder, name, 'file'), name)
  }
  symlinkSync('../closed/file', join(folder, 'open/link'))
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const { port } = server.address() as { port: number }
  const { stdout, stderr } = spawnSync(process.execPath, [SCRIPT, folder, `${port}`], { encoding: 'utf8' })
  const version = landlockVersion()
  assert.deepEqual(
    JSON.parse(stdout || '{}'),
    {
      'read open/file': 'done',
      'read closed/file': 'EACCES',
      'read open/link': 'EACCES',
      'list closed': 'EACCES',
      'write open/file': 'EACCES',
      'make open/new': 'EACCES',
      'remove open/file': 'EACCES',
      'write own/file': 'done',
      'read closed/file in a process that is started': 'EACCES',
      connect: version >= 4 ? 'EACCES' : 'done',
      'signal its parent': version >= 6 ? 'EPERM' : 'done',
      'read closed/file in the other thread': 'done',
    },
    stderr,
  )
  assert.equal(readFileSync(join(folder, 'open/file'), 'utf8'), 'open')
})
