/** Gives up opening files, and prints the result of trying it in each kind of thread. */
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { Worker } from 'node:worker_threads'
import koffi from 'koffi'
import { applyFilter } from '../filter.ts'

const code = (error: unknown) => (error as NodeJS.ErrnoException).code
const errno = koffi.os.errno.EACCES as number
// Makes the threads of Node's pool start before the filter.
await readFile('/dev/null')
const source = `
  const { parentPort } = require('node:worker_threads')
  const { readFileSync } = require('node:fs')
  parentPort.once('message', () => {
    try { readFileSync('/dev/null'); parentPort.postMessage('opened') } catch (error) { parentPort.postMessage(error.code) }
    parentPort.unref()
  })
  parentPort.postMessage('ready')`
const thread = new Worker(source, { eval: true })
await new Promise((resolve) => thread.once('message', resolve))
const refusals = (['open', 'openat'] as const).map((call) => ({ call, errno }))
const applied = applyFilter(refusals, 'all threads')
const here = (() => {
  try {
    return readFileSync('/dev/null').length
  } catch (error) {
    return code(error)
  }
})()
const inThePool = await readFile('/dev/null').then(() => 'opened', code)
thread.postMessage('try')
const inAThread = await new Promise((resolve) => thread.once('message', resolve))
console.log(JSON.stringify({ applied, here, inThePool, inAThread }))
