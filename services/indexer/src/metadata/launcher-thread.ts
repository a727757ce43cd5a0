/** Entry of the thread that starts workers, see `launcher.ts`. */

import { type FileHandle, open } from 'node:fs/promises'
import { flushCompileCache } from 'node:module'
import { dirname, join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { pathForFs } from '@drive-feed/shared/entry-name.ts'
import { CAP_DAC_READ_SEARCH, CAP_FOWNER, keepCapabilities } from '../sandbox/capabilities.ts'
import { applyFilter } from '../sandbox/filter.ts'
import { O_PATH, restrictThread } from '../sandbox/landlock.ts'
import { REFUSED_EVERYWHERE } from '../sandbox/refusals.ts'
import type { FromLauncher, LauncherOptions, ToLauncher } from './launcher-messages.ts'
// Not used here: workers write no cache of compiled modules, so theirs are compiled and written by this thread.
import './prepare-worker.ts'
import './serve-jobs.ts'
import { startWorkerProcess, type WorkerProcess } from './worker-process.ts'

/** Where Debian, Node and this project have their programs and libraries. */
const PROGRAMS = ['/usr', '/bin', '/lib', '/lib64', '/lib32', dirname(process.execPath)]
/** How long a folder may take to answer. A disk that is asleep takes longer to start, and is not asked for that. */
const ANSWER_MS = 2_000
const PROJECT = join(import.meta.dirname, '../../../..')
/** What glibc, OpenSSL, V8 and libmagic ask for when a process starts. */
const SETTINGS = [
  ...['/etc/ld.so.cache', '/etc/ld.so.preload', '/etc/ssl', '/etc/localtime', '/etc/magic', '/proc', '/sys/fs/cgroup'],
  ...['/dev/urandom', ...(process.env.MAGIC?.split(':') ?? [])],
]

const port = parentPort
if (port === null) throw new Error('this is a thread of the indexer')
const { folders } = workerData as LauncherOptions
const workers = new Map<number, WorkerProcess>()
const tell = (message: FromLauncher) => port.postMessage(message)
flushCompileCache()
const opened = await openInTime(folders)
// Files of others, and without changing when they were last read. What a user may not do at all is no loss.
keepCapabilities([CAP_DAC_READ_SEARCH, CAP_FOWNER])
applyFilter(REFUSED_EVERYWHERE, 'this thread')
restrictThread({
  read: [...opened.map(({ fd }) => fd), ...SETTINGS, PROJECT],
  execute: PROGRAMS,
  // A process that is started has its unused channels there.
  write: ['/dev/null'],
  readsAll: false,
})
// An open descriptor would keep its disk from being unmounted.
for (const handle of opened) await handle.close().catch(() => {})

port.on('message', (message: ToLauncher) => {
  const { id } = message
  if (message.type === 'start') start(id, message.module)
  else if (message.type === 'send') workers.get(id)?.send(message.jobs)
  else workers.get(id)?.[message.type]()
})

/**
 * A file server that is gone does not answer, and is not to keep those from being read that do. What is not there is left
 * out: when it is there again, there will be another thread.
 */
async function openInTime(paths: readonly string[]): Promise<FileHandle[]> {
  let isOver = false
  const openings = paths.map(async (path) => {
    const handle = await open(pathForFs(path), O_PATH).catch(() => null)
    if (!isOver || handle === null) return handle
    tell({ type: 'late' })
    await handle.close()
    return null
  })
  const limit = new Promise<null>((resolve) => setTimeout(resolve, ANSWER_MS, null).unref())
  const handles = await Promise.all(openings.map((opening) => Promise.race([opening, limit])))
  isOver = true
  return handles.filter((handle) => handle !== null)
}

function start(id: number, module: string): void {
  const worker = startWorkerProcess(module, {
    onReady: (versions) => tell({ type: 'ready', id, versions }),
    onAnswers: (answers) => tell({ type: 'answers', id, answers }),
    onEnd: (reason, at) => {
      workers.delete(id)
      tell({ type: 'end', id, reason, at })
    },
  })
  workers.set(id, worker)
  if (worker.pid !== null) tell({ type: 'started', id, pid: worker.pid })
}
