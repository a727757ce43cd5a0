/** Entry of the observer thread: looks at folders (`scan`) and sets watches (`watch`). */
import { flushCompileCache } from 'node:module'
import { parentPort } from 'node:worker_threads'
import { resolveAsFarAsPossible } from '@drive-feed/shared/config/config-folders.ts'
import { createExclude, type IsExcluded } from '@drive-feed/shared/exclude.ts'
import { createOwnFiles, type OwnFiles } from '@drive-feed/shared/own-files.ts'
import { buffersOf, createSightsBuilder } from './model/sights.ts'
import { addWatch } from './posix/libc.ts'
import { restrictThread } from './sandbox/landlock.ts'
import { createFeedPaths } from './scan/feed-paths.ts'
import { filesystemSigns } from './scan/filesystem-signs.ts'
import { type LookAnswer, type LookTools, look } from './scan/look.ts'
import type { ObserverReply, ObserverRequest } from './scan/observer-messages.ts'
import { FOLDER_MASK } from './watch/inotify-events.ts'
import { createMountChanges } from './watch/mount-changes.ts'

/** Bounds the memory of one answer, unless a single folder is larger. */
const BATCH_ENTRIES_MAX = 16_000

/** The pause after a look that failed because too many files are open. */
const EXHAUSTED_PAUSE_MS = 250

// From here on this thread never writes. Node keeps what was compiled only at the end of a thread, which never comes.
flushCompileCache()
restrictThread({ read: [], execute: [], write: [], readsAll: true })

const mounts = createMountChanges()
const builder = createSightsBuilder()
let progress = new Int32Array(new SharedArrayBuffer(4))
let feedPaths = createFeedPaths([])
let isExcluded: IsExcluded = () => {
  throw new Error('asked to look before it had the excludes')
}
let own: OwnFiles | undefined
let tools: LookTools = {
  isExcluded: (name, path) => isExcluded(name, () => feedPaths.of(path)),
  addWatch: (inotifyFd, path) => {
    const added = addWatch(inotifyFd, path, FOLDER_MASK)
    return added.ok ? { kind: 'watched', watch: added.value } : { kind: 'refused', errno: added.errno }
  },
}

parentPort?.on('message', (request: ObserverRequest) => {
  if (request.kind === 'excludes') {
    isExcluded = createExclude(request.excludes)
    feedPaths = createFeedPaths(request.watches)
    own = createOwnFiles(request.own)
    tools = { ...tools, own }
    progress = new Int32Array(request.progress)
    return
  }
  if (request.kind === 'signs') {
    const signs = filesystemSigns(request.path)
    post({ kind: 'signs', ticket: request.ticket, signs })
    return
  }
  if (request.kind === 'resolve') {
    const path = resolveAsFarAsPossible(request.path)
    // What is looked at from now on has its path from this answer.
    feedPaths.resolved(request.path, path)
    post({ kind: 'resolve', ticket: request.ticket, path })
    return
  }
  if (request.kind === 'mounts') {
    post({ kind: 'mounts', ticket: request.ticket, mountChanges: mounts.count() })
    return
  }
  own?.refresh()
  builder.clear()
  const answers = request.requests.map((one, index): LookAnswer => {
    Atomics.store(progress, 0, index)
    return builder.length < BATCH_ENTRIES_MAX ? look(one, tools, builder) : { kind: 'later', problem: null }
  })
  Atomics.store(progress, 0, 0)
  // Without a pause it would be asked, and refused, again and again.
  if (answers.some((answer) => answer.kind === 'later' && answer.problem !== null)) sleepSync(EXHAUSTED_PAUSE_MS)
  const sights = builder.pack()
  // Counted last, so that it includes what was mounted or unmounted during the look.
  const mountChanges = mounts.count()
  post({ kind: 'look', ticket: request.ticket, answers, sights, mountChanges }, buffersOf(sights))
})

/** Blocks this thread, which has nothing else to do. */
function sleepSync(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

function post(reply: ObserverReply, transfer: ArrayBuffer[] = []): void {
  parentPort?.postMessage(reply, transfer)
}
