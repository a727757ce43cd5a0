/**
 * Runs a probe in a process of its own. Whatever touches a disk may wait for ever for a server that is gone, and a library
 * may crash; neither may happen to the doctor.
 */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** `silent`: no answer within the time. `failed`: the process ended without one. */
export type ProbeAnswer<T> =
  | { readonly kind: 'answered'; readonly value: T }
  | { readonly kind: 'silent' }
  | { readonly kind: 'failed'; readonly how: string }

export const PROBE_MAX_MS = 10_000

const ENTRY = fileURLToPath(new URL('./probe-process.ts', import.meta.url))

/** @param name of `PROBES` in `probe-process.ts` @param input JSON */
export function askInChild<T>(name: string, input: unknown, maxMs: number = PROBE_MAX_MS): Promise<ProbeAnswer<T>> {
  const child = spawn(process.execPath, [ENTRY, name, JSON.stringify(input)], { stdio: ['ignore', 'pipe', 'ignore'] })
  const { promise, resolve } = Promise.withResolvers<ProbeAnswer<T>>()
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    text += piece
  })
  const timer = setTimeout(() => {
    resolve({ kind: 'silent' })
    // One that waits for a dead server does not even end when it is killed. Nothing waits for it.
    child.kill('SIGKILL')
    child.stdout.destroy()
    child.unref()
  }, maxMs)
  child.once('error', (error) => resolve({ kind: 'failed', how: error.message }))
  child.once('close', (code, signal) => {
    clearTimeout(timer)
    resolve(answerOf(text, signal ?? `exit code ${code}`))
  })
  return promise
}

function answerOf<T>(text: string, how: string): ProbeAnswer<T> {
  try {
    return { kind: 'answered', value: JSON.parse(text) as T }
  } catch {
    return { kind: 'failed', how }
  }
}
