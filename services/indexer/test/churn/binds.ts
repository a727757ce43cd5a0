/** What is mounted below a folder. It may have been renamed since, with a folder above it, so the kernel is asked. */
import { readFileSync } from 'node:fs'
import { nameFromBytes } from '@drive-feed/shared/entry-name.ts'
import { until } from '../pair/until.ts'
import { syscalls } from './syscalls.ts'

const MOUNT_POINT = 4

/** In the order in which it was mounted, proc(5). */
export function bindsBelow(base: string): string[] {
  const lines = readFileSync('/proc/self/mountinfo', 'latin1').split('\n')
  const points = lines.map((line) => (line.split(' ')[MOUNT_POINT] ?? '').replace(/\\([0-7]{3})/g, unescapeOctal))
  return points
    .map((point) => nameFromBytes(Buffer.from(point, 'latin1')))
    .filter((path) => path.startsWith(`${base}/`))
}

/** Whoever reads there just now is soon done. */
export async function unbindAll(base: string): Promise<void> {
  for (let path = bindsBelow(base).at(-1); path !== undefined; path = bindsBelow(base).at(-1)) {
    const last = path
    await until(`${last} to be unmounted`, () => {
      try {
        syscalls.unbind(last)
        return true
      } catch {
        return false
      }
    })
  }
}

function unescapeOctal(_: string, digits: string): string {
  return String.fromCharCode(Number.parseInt(digits, 8))
}
