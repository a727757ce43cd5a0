/**
 * A worker that an attacker controls, as through a hole in a library: it tries to reach more than the files it is
 * given. Instead of becoming ready it reports the result of each attempt.
 */
import { spawnSync } from 'node:child_process'
import { openSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import koffi from 'koffi'
import { type SystemCall, systemCall } from '../../posix/system-call.ts'
import { attempt } from '../../sandbox/test-support/attempt.ts'
import { confineWorker, prepareWorker } from '../prepare-worker.ts'
import { serveJobs } from '../serve-jobs.ts'

const AT_FDCWD = -100
const NAMES = new Map(Object.entries(koffi.os.errno as Record<string, number>).map(([name, code]) => [-code, name]))
const openat2 = systemCall('openat2', 'int', 'const char *', 'void *', 'size_t')
/** A file that the worker is given, and one that it is not. */
const [inside = '', outside = ''] = (process.env.ATTACKED ?? '').split(':')

function called(call: SystemCall, ...values: readonly number[]): string {
  const result = systemCall(call, ...values.map(() => 'long'))(...values)
  return result >= 0 ? 'done' : (NAMES.get(result) ?? `${result}`)
}

function opened(path: string): string {
  const how = new BigUint64Array(3)
  const result = openat2(AT_FDCWD, path, how, how.byteLength)
  return result >= 0 ? 'done' : (NAMES.get(result) ?? `${result}`)
}

function run(): string {
  const { error, status } = spawnSync('/bin/true')
  return error === undefined ? `ended with ${status}` : ((error as NodeJS.ErrnoException).code ?? '')
}

function status(name: string): string {
  return new RegExp(`^${name}:\\s+(.*)$`, 'm').exec(before)?.[1] ?? ''
}

/** Read now, since it can't be read once the process is confined. */
const before = readFileSync('/proc/self/status', 'utf8')

serveJobs(() => {
  prepareWorker()
  confineWorker()
  const found = {
    'open a given file as a library would': attempt(() => openSync(inside, 'r')),
    'open another one as a library would': attempt(() => openSync(outside, 'r')),
    'open another one by openat2': opened(outside),
    'open a file beside the program': opened(join(import.meta.dirname, '../../../../../docker-compose.yml')),
    'open the memory of the indexer': opened(`/proc/${process.ppid}/mem`),
    'open the environment of the indexer': opened(`/proc/${process.ppid}/environ`),
    'open by a handle': called('open_by_handle_at', 0, 0, 0),
    'write to a given file': attempt(() => writeFileSync(inside, 'x')),
    'make a file': attempt(() => writeFileSync(join(dirname(inside), 'new'), 'x')),
    'remove a file': called('unlinkat', AT_FDCWD, 0, 0),
    'change a mode': called('fchmodat', AT_FDCWD, 0, 0),
    connect: called('socket', 2, 1, 0),
    'run a program': run(),
    'be two processes': called('clone', 17, 0, 0, 0, 0),
    'signal the indexer': attempt(() => process.kill(process.ppid, 0)),
    'trace the indexer': called('ptrace', 16, process.ppid, 0, 0),
    'use a ring': called('io_uring_setup', 1, 0),
    'be another user': called('setuid', 1),
    'take memory': attempt(() => Buffer.alloc(1.5 * 2 ** 30)).replace(/^RangeError.*/, 'refused'),
    'look at names': attempt(() => statSync(inside)),
  }
  throw new Error(JSON.stringify({ ...found, capabilities: status('CapPrm'), newPrivileges: status('NoNewPrivs') }))
})
