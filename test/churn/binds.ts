/** What is mounted below a folder, by the kernel: a folder above a mount may have been renamed since. */
import { parseMountinfo, readMountinfo } from '../../services/indexer/src/scan/mountinfo.ts'
import { until } from '../support/until.ts'
import { unbindAt } from './bind-mounts.ts'

/** The mount points, in the order in which they were mounted, proc(5). */
export function bindsBelow(base: string): string[] {
  const mountinfo = readMountinfo()
  if (mountinfo === null) throw new Error('/proc/self/mountinfo can not be read')
  return parseMountinfo(mountinfo)
    .map(({ point }) => point)
    .filter((path) => path.startsWith(`${base}/`))
}

/** Unmounts all of them. A reader may still be there, but not for long. */
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
