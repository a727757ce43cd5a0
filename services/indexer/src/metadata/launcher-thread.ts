/** Entry of the thread that starts workers, see `launcher.ts`. */

import { closeSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { parentPort, workerData } from 'node:worker_threads'
import { openFolder, openFolderAtHand } from '../posix/open-file.ts'
import { keepReading } from '../sandbox/capabilities.ts'
import { applyFilter } from '../sandbox/filter.ts'
import { landlockVersion, restrictThread } from '../sandbox/landlock.ts'
import { REFUSED_EVERYWHERE } from '../sandbox/refusals.ts'
import { askFolder } from './folder-reply.ts'
import type { FromLauncher, LauncherOptions, ToLauncher } from './launcher-messages.ts'
import { type OpenFolders, openFolders } from './open-folders.ts'
// Imported only to be compiled: workers can't write the cache of compiled modules, so this thread writes it for them.
import './prepare-worker.ts'
import { programPlaces, readPlaces } from './program-places.ts'
import './serve-jobs.ts'
import type { ReaderVersions } from './reader-versions.ts'
import type { WorkAt } from './work-at.ts'
import type { AnswersMessage } from './worker-message.ts'
import { startHeldProcess, type WorkerProcess } from './worker-process.ts'

const port = parentPort
if (port === null) throw new Error('this is a thread of the indexer')
const { folders, answerMs } = workerData as LauncherOptions
const workers = new Map<number, WorkerProcess>()
const tell = (message: FromLauncher) => port.postMessage(message)
flushCompileCache()
const { descriptors, leftOut } = await openWatched()
keepReading()
applyFilter(REFUSED_EVERYWHERE, 'this thread')
const isHeld = restrictThread({
  read: [...descriptors, ...readPlaces()],
  execute: programPlaces(),
  // The unused channels of a started process lead there.
  write: ['/dev/null'],
  readsAll: false,
})
// An open descriptor would keep its disk from being unmounted.
for (const fd of descriptors) closeSync(fd)

port.on('message', (message: ToLauncher) => {
  const { id } = message
  if (message.type === 'start') start(id, message.module)
  else if (message.type === 'send') workers.get(id)?.send(message.jobs)
  else workers.get(id)?.[message.type]()
})

tell({ type: 'begun', isComplete: leftOut.length === 0 })

async function openWatched(): Promise<OpenFolders> {
  // Without Landlock nothing is restricted to folders.
  if (landlockVersion() === 0) return { descriptors: [], leftOut: [] }
  const open = (path: string) => {
    try {
      return openFolder(path)
    } catch {
      return null
    }
  }
  const onLate = () => tell({ type: 'late' })
  return await openFolders(folders, { openAtHand: openFolderAtHand, ask: askFolder, open, onLate, answerMs })
}

function start(id: number, module: string): void {
  const events = {
    onReady: (versions: ReaderVersions) => tell({ type: 'ready', id, versions }),
    onAnswers: (answers: AnswersMessage) => tell({ type: 'answers', id, answers }),
    onEnd: (reason: string, at: WorkAt | null) => {
      workers.delete(id)
      tell({ type: 'end', id, reason, at })
    },
  }
  const worker = startHeldProcess(module, events, { isHeld, leftOut })
  workers.set(id, worker)
  if (worker.pid !== null) tell({ type: 'started', id, pid: worker.pid })
}
