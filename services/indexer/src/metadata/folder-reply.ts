/** Asks by another process whether a folder can be opened, since whoever opens one may wait for its server for ever. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export type Reply = 'there' | 'not there' | 'refused'

/** How the process says it. */
export const EXIT_CODES: Readonly<Record<Reply, number>> = { there: 0, 'not there': 3, refused: 4 }

const MODULE = fileURLToPath(new URL('./ask-folder.ts', import.meta.url))

/** It may take for ever. */
export function askFolder(path: string): Promise<Reply> {
  return new Promise((resolve) => {
    // A path may have half of a surrogate pair, which JSON escapes.
    const child = spawn(process.execPath, [MODULE, JSON.stringify(path)], { stdio: 'ignore' })
    child.once('error', () => resolve('refused'))
    child.once('exit', (code) => {
      const replies = Object.keys(EXIT_CODES) as Reply[]
      resolve(replies.find((reply) => EXIT_CODES[reply] === code) ?? 'refused')
    })
  })
}
