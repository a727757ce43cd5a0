/** What is mounted below a folder. It may have been renamed since, with a folder above it, so the kernel is asked. */
import { parseMountinfo, readMountinfo } from '../../services/indexer/src/scan/mountinfo.ts'
import { until } from '../support/until.ts'
import { unbindAt } from './bind-mounts.ts'

/** In the order in which it was mounted, proc(5). */
export function bindsBelow(base: string): string[] {
  const mountinfo = readMountinfo()
  if (mountinfo === null) throw new Error('/proc/self/mountinfo can not be read')
  return parseMountinfo(mountinfo)
    .map(({ point }) => point)
    .filter((path) => path.startsWith(`${base}/`))
}

/** Whoever reads there just now is soon done. */
export async function unbindAll(base: string): Promise<void> {
  for (let path = bindsBelow(base).at(-1); path !== undefined; path = bindsBelow(base).at(-1)) {
    const last = path
    await until(`${last} to be unmounted`, () => {
      try {
        unbindAt(last)
        return true
      } catch {
        return false
      }
    })
  }
}
