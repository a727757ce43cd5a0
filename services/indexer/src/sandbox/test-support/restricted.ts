/** Restricts a thread to `open` and `own` of a folder, and prints the result of going beyond. */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { restrictThread } from '../landlock.ts'
import { attempt } from './attempt.ts'

const PROGRAMS = ['/usr', '/bin', '/lib', '/lib64', dirname(process.execPath)]

async function inRestrictedThread(folder: string, port: number): Promise<void> {
  const at = (name: string) => join(folder, name)
  const read = [at('open'), '/etc/ld.so.cache', '/etc/ssl', '/proc']
  restrictThread({ read, execute: PROGRAMS, write: [at('own'), '/dev/null'], readsAll: false })
  const script = `try { require('fs').readFileSync(${JSON.stringify(at('closed/file'))}); console.log('done') }
    catch (error) { console.log(error.code) }`
  const child = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' })
  const connected = await new Promise<string>((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => {
      socket.destroy()
      resolve('done')
    })
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''))
  })
  parentPort?.postMessage({
    'read open/file': attempt(() => readFileSync(at('open/file'))),
    'read closed/file': attempt(() => readFileSync(at('closed/file'))),
    'read open/link': attempt(() => readFileSync(at('open/link'))),
    'list closed': attempt(() => readdirSync(at('closed'))),
    'write open/file': attempt(() => writeFileSync(at('open/file'), 'x')),
    'make open/new': attempt(() => writeFileSync(at('open/new'), 'x')),
    'remove open/file': attempt(() => rmSync(at('open/file'))),
    'write own/file': attempt(() => writeFileSync(at('own/file'), 'x')),
    'read closed/file in a process that is started': child.stdout.trim() || child.stderr,
    connect: connected,
    'signal its parent': attempt(() => process.kill(process.ppid, 0)),
  })
}

if (isMainThread) {
  const [folder = '', port = ''] = process.argv.slice(2)
  const thread = new Worker(new URL(import.meta.url), { workerData: { folder, port: Number(port) } })
  const found = await new Promise<object>((resolve, reject) => {
    thread.once('message', resolve)
    thread.once('error', reject)
  })
  const other = attempt(() => readFileSync(join(folder, 'closed/file')))
  console.log(JSON.stringify({ ...found, 'read closed/file in the other thread': other }))
} else {
  const { folder, port } = workerData as { folder: string; port: number }
  await inRestrictedThread(folder, port)
}
