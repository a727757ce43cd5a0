/**
 * Starts the api in a small heap. V8 sizes its heap for speed: the young generation grows to 32 MB while the libraries
 * load and never shrinks, and garbage may grow to several times the live objects. This process holds a page of rows.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { useCompileCache } from '@drive-feed/shared/compile-cache.ts'

useCompileCache()
setFlagsFromString('--semi-space-growth-factor=1')
setFlagsFromString('--heap-growing-percent=20')

// A static import would be loaded before the flags are set.
const { runService } = await import('./service.ts')

// Loading leaves garbage that an idle process would never collect.
setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as (options: { type: 'major'; flavor: 'last-resort' }) => void
collectGarbage({ type: 'major', flavor: 'last-resort' })

await runService(process.argv.slice(2))
