/** Entry of the indexer. What it does is in `service.ts`, imported once the compile cache is on. */
import { useCompileCache } from '@drive-feed/shared/compile-cache.ts'

useCompileCache()
await import('./service.ts')
