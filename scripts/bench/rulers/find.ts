/** How long the standard tool takes to read the same fields. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** Milliseconds for `find` to print type, inode, size, times, links and path of everything below `folder`. */
export async function measureFind(folder: string): Promise<number> {
  const started = performance.now()
  const find = spawn('find', [folder, '-printf', '%y %D %i %s %T@ %C@ %n %p\\n'], { stdio: 'ignore' })
  await once(find, 'exit')
  return performance.now() - started
}
