/**
 * Starts the api in a small heap. V8 sizes its heap for speed: the young generation grows to 32 MB, and garbage may grow to
 * several times the live objects. This process holds a page of rows.
 */
import { flushCompileCache } from 'node:module'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { useCompileCache } from '@drive-feed/shared/compile-cache.ts'

useCompileCache()
const { runService } = await import('./service.ts')
// V8 refuses what was compiled with other flags. The indexer has the same modules in the same cache, so they are loaded, and
// kept, before the flags are set.
flushCompileCache()
setFlagsFromString('--semi-space-growth-factor=1')
setFlagsFromString('--heap-growing-percent=20')

// Loading leaves garbage that an idle process would never collect.
setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as (options: { type: 'major'; flavor: 'last-resort' }) => void
collectGarbage({ type: 'major', flavor: 'last-resort' })

await runService(process.argv.slice(2))
