/** Clients that cost little themselves: they read answers without parsing them. */
import { type Agent, type ClientRequest, get } from 'node:http'
import { connect } from 'node:net'

/** Bytes of an answer and its end, for a request of which nobody wants more. @param take gets each piece */
export async function readAnswer(url: string, agent: Agent, take: (piece: Buffer) => void): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const request: ClientRequest = get(url, { agent }, (answer) => {
    if (answer.statusCode !== 200) reject(new Error(`${url} answered ${answer.statusCode}`))
    answer.on('data', take)
    answer.on('end', resolve)
    answer.on('error', reject)
  })
  request.on('error', reject)
  await promise
}

/**
 * Answers per second over several connections that always ask again at once.
 *
 * @param paths asked for in turn; all answers are shorter than a packet
 */
export async function answersPerSecond(
  url: string,
  paths: readonly string[],
  { connections, seconds }: { readonly connections: number; readonly seconds: number },
): Promise<number> {
  const { hostname, port } = new URL(url)
  const requests = paths.map((path) => Buffer.from(`GET ${path} HTTP/1.1\r\nHost: ${hostname}:${port}\r\n\r\n`))
  let answers = 0
  const started = performance.now()
  const isOver = () => performance.now() - started > seconds * 1000
  const ask = async (): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const socket = connect(Number(port), hostname)
    socket.setNoDelay(true)
    const next = () => socket.write(requests[answers % requests.length] as Buffer)
    socket.on('connect', next)
    socket.on('data', (piece) => {
      // The answers are this short, so each comes in one piece.
      if (!piece.subarray(0, 12).equals(OK)) reject(new Error(`answered ${piece.subarray(0, 40)}`))
      answers += 1
      if (isOver()) socket.end()
      else next()
    })
    socket.on('close', () => resolve())
    socket.on('error', reject)
    await promise
  }
  await Promise.all(Array.from({ length: connections }, ask))
  return answers / ((performance.now() - started) / 1000)
}

const OK = Buffer.from('HTTP/1.1 200')
