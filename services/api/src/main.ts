/**
 * Starts the api in a small heap. Loading is what would make it large: Node looks into the library's package.json, 180 KB,
 * once for each of its hundred modules, and V8 lets some 150 MB of that pile up and never gives them back. Collecting all
 * garbage each time while loading takes no longer, and leaves 40 MB of memory that is its own.
 */
import { setFlagsFromString } from 'node:v8'

setFlagsFromString('--gc-global')
// Young objects of a service like this are a page of rows; without this their space grows to 32 MB and stays.
setFlagsFromString('--semi-space-growth-factor=1')
// Imported here and not above, where it would be loaded before the flags are set.
const { runService } = await import('./service.ts')
setFlagsFromString('--no-gc-global')
// Let garbage of long answers pile up to a fifth of what is in use, not to several times that.
setFlagsFromString('--heap-growing-percent=20')

await runService(process.argv.slice(2))
