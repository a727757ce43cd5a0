/** Who listens on a TCP port of this machine, by /proc/net/tcp (proc(5)). Other users' processes can't always be named. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** A socket that listens. `inode` is its number in the links of /proc/PID/fd. */
export type Listener = { readonly inode: string; readonly uid: number }

const LISTENING = '0A'

/** @param tables the texts of /proc/net/tcp and /proc/net/tcp6 */
export function listenersIn(tables: readonly string[], port: number): Listener[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0')
  return tables.flatMap((table) =>
    table.split('\n').flatMap((line) => {
      const [, address = '', , state, , , , uid, , inode] = line.trim().split(/\s+/)
      if (state !== LISTENING || inode === undefined || address.split(':').at(-1) !== wanted) return []
      return [{ inode, uid: Number(uid) }]
    }),
  )
}

export function listenersAt(port: number): Listener[] {
  return listenersIn(['/proc/net/tcp', '/proc/net/tcp6'].map(textOf), port)
}

/** The process that has one of the sockets open; null if it may not be seen. Looks at every process. */
export function processOf(listeners: readonly Listener[]): number | null {
  if (listeners.length === 0) return null
  for (const name of readdirSync('/proc')) {
    if (/^\d+$/.test(name) && hasOneOf(Number(name), listeners)) return Number(name)
  }
  return null
}

/** Whether the process has one of the sockets open. */
export function hasOneOf(pid: number, listeners: readonly Listener[]): boolean {
  const links = new Set(listeners.map(({ inode }) => `socket:[${inode}]`))
  return openFilesOf(pid).some((link) => links.has(link))
}

/** What the descriptors of a process lead to; empty if it is gone or may not be seen. */
export function openFilesOf(pid: number): string[] {
  try {
    const folder = `/proc/${pid}/fd`
    return readdirSync(folder).flatMap((fd) => {
      try {
        return [readlinkSync(`${folder}/${fd}`)]
      } catch {
        return []
      }
    })
  } catch {
    return []
  }
}

/** The words with which a process was started; empty if it is gone or of the kernel. */
export function commandOf(pid: number): string[] {
  return textOf(`/proc/${pid}/cmdline`).split('\0').slice(0, -1)
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
