/**
 * A process of many clients: node many-clients.ts URL POLLING WAITING. Half of them poll every two seconds, the others
 * wait for changes all the time. Ends when its standard input does, and prints the answers, failures and the longest poll
 * as JSON.
 */

import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

const POLL_MS = 2_000
const [url = '', polling = '200', waiting = '50'] = process.argv.slice(2)
// One connection a client, as for clients on machines of their own.
const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY })
const failures: string[] = []
const tookMs: number[] = []
let answered = 0
let isStopping = false

async function get(path: string): Promise<string | null> {
  try {
    const { status, text } = await new Promise<{ status: number; text: string }>((resolve, reject) => {
      const sent = request(`${url}${path}`, { agent, timeout: 60_000 }, (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (part: string) => {
          text += part
        })
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
        response.on('error', reject)
      })
      sent.on('timeout', () => sent.destroy(new Error('no answer for a minute')))
      sent.on('error', reject)
      sent.end()
    })
    if (status !== 200) throw new Error(`${status} ${text.slice(0, 100)}`)
    answered += 1
    return text
  } catch (error) {
    if (!isStopping) failures.push((error as Error).message)
    await sleep(100)
    return null
  }
}

function cursorOf(text: string | null): number | null {
  return text === null ? null : (JSON.parse(text) as { cursor: number }).cursor
}

async function poll(number: number, count: number): Promise<void> {
  await sleep((POLL_MS * number) / count)
  let cursor = cursorOf(await get('/api/v1/cursor'))
  while (!isStopping) {
    const beganMs = performance.now()
    cursor = cursorOf(await get(`/api/v1/changes?cursor=${cursor ?? 0}`)) ?? cursor
    tookMs.push(performance.now() - beganMs)
    await sleep(POLL_MS)
  }
}

async function wait(): Promise<void> {
  let cursor = cursorOf(await get('/api/v1/cursor'))
  while (!isStopping) cursor = cursorOf(await get(`/api/v1/changes?cursor=${cursor ?? 0}&wait=20`)) ?? cursor
}

for (let number = 0; number < Number(polling); number += 1) void poll(number, Number(polling))
for (let number = 0; number < Number(waiting); number += 1) void wait()
process.stdin.resume().once('end', () => {
  isStopping = true
  tookMs.sort((a, b) => a - b)
  const at = (share: number) => Math.round(tookMs[Math.floor(tookMs.length * share)] ?? 0)
  process.stdout.write(
    JSON.stringify({ answered, failures, pollMs: { p50: at(0.5), p99: at(0.99), max: at(0.99999) } }),
  )
  process.exit(0)
})
