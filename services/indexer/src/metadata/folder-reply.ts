/** Asks in another process whether a folder can be opened, since opening one may wait for its server for ever. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export type Reply = 'there' | 'not there' | 'refused'

/** The exit codes by which the process answers. */
export const EXIT_CODES: Readonly<Record<Reply, number>> = { there: 0, 'not there': 3, refused: 4 }

const MODULE = fileURLToPath(new URL('./ask-folder.ts', import.meta.url))

/** The promise may never resolve. */
export function askFolder(path: string): Promise<Reply> {
  return new Promise((resolve) => {
    // JSON, since it escapes half of a surrogate pair, which a path may have.
    const child = spawn(process.execPath, [MODULE, JSON.stringify(path)], { stdio: 'ignore' })
    child.once('error', () => resolve('refused'))
    child.once('exit', (code) => {
      const replies = Object.keys(EXIT_CODES) as Reply[]
      resolve(replies.find((reply) => EXIT_CODES[reply] === code) ?? 'refused')
    })
  })
}
