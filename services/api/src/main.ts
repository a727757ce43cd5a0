/**
 * Starts the api in a small heap. V8 sizes its heap for speed: the space of young objects grows to 32 MB while the
 * libraries load and stays so, and garbage may grow to several times what is in use. Here a page of rows is all there is.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { useCompileCache } from '@drive-feed/shared/compile-cache.ts'

useCompileCache()
setFlagsFromString('--semi-space-growth-factor=1')
setFlagsFromString('--heap-growing-percent=20')

// Imported here and not above, where it would be loaded before the flags are set.
const { runService } = await import('./service.ts')

// What loading left behind would stay: an idle process never collects it.
setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as (options: { type: 'major'; flavor: 'last-resort' }) => void
collectGarbage({ type: 'major', flavor: 'last-resort' })

await runService(process.argv.slice(2))
