/** Whether this process could listen on an address now. */
import { createServer } from 'node:net'

/** `taken`: by another socket. `refused`: for another reason, in words and with what to do. */
export type PortTrial =
  | { readonly kind: 'free' }
  | { readonly kind: 'taken' }
  | { readonly kind: 'refused'; readonly reason: string }

/** Listens for a moment. No connection is accepted. */
export async function tryPort(host: string, port: number): Promise<PortTrial> {
  const server = createServer((socket) => socket.destroy())
  return new Promise((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) => resolve(trialOf(error.code ?? error.message, host, port)))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve({ kind: 'free' })))
  })
}

function trialOf(code: string, host: string, port: number): PortTrial {
  if (code === 'EADDRINUSE') return { kind: 'taken' }
  if (code === 'EACCES')
    return { kind: 'refused', reason: `port: ${port} needs more rights than this user has; use one above 1023` }
  const isNotHere = ['EADDRNOTAVAIL', 'ENOTFOUND', 'EAFNOSUPPORT', 'EAI_AGAIN'].includes(code)
  if (isNotHere) {
    const other = host.includes(':') ? '0.0.0.0' : '::'
    return {
      kind: 'refused',
      reason: `host: ${host} is no address of this machine (${code}); use one that it has, or ${other}`,
    }
  }
  return { kind: 'refused', reason: `host, port: can't listen on ${host}, port ${port} (${code}); use another` }
}

/** The first port above `port` on which this process could listen; null if the next twenty are taken. */
export async function nextFreePort(host: string, port: number): Promise<number | null> {
  for (let next = port + 1; next <= Math.min(port + 20, 65_535); next += 1) {
    if ((await tryPort(host, next)).kind === 'free') return next
  }
  return null
}
