/** Entry of a metadata worker process; `pool.ts` starts it. */
import { flushCompileCache } from 'node:module'
import { dieWithParent } from './die-with-parent.ts'
import { createExtract } from './extract.ts'
import { openLibmagic } from './libmagic.ts'
import { openMediaInfo } from './libmediainfo.ts'
import { takeLowPriority } from './low-priority.ts'
import { openPageCache } from './page-cache.ts'
import { serveJobs } from './serve-jobs.ts'

serveJobs(() => {
  dieWithParent()
  takeLowPriority()
  const extract = createExtract({ libmagic: openLibmagic(), mediaInfo: openMediaInfo() }, openPageCache())
  // Where NODE_COMPILE_CACHE is set. A worker rarely ends in the orderly way that would write it.
  flushCompileCache()
  return extract
})
