/** Requests through a proxy by its host name, which no name server knows. `fetch` would not send such a `Host`. */
import { once } from 'node:events'
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'

/** Where the api is: behind a proxy, or on its own port. */
export type Place = {
  readonly port: number
  readonly host: string
  readonly below: string
  readonly token?: string
}

export type Asked = { readonly method?: string; readonly headers?: Readonly<Record<string, string>> }

export type Answered = {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** Unpacked. */
  readonly text: string
}

/** @param path as the api knows it @returns the answer when its headers are there @throws if the connection breaks before */
export async function open(place: Place, path: string, { method, headers }: Asked = {}): Promise<IncomingMessage> {
  const { port, host, below, token } = place
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const asked = request({
    ...{ host: '127.0.0.1', port, path: below + path, method },
    headers: { host, ...authorization, ...headers },
    // Not kept alive: the proxy or the api may have gone since.
    agent: false,
  })
  asked.end()
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  return response
}

/** @throws also if the answer is cut */
export async function ask(place: Place, path: string, asked?: Asked): Promise<Answered> {
  const response = await open(place, path, asked)
  const body = await buffer(response)
  const isPacked = response.headers['content-encoding'] === 'gzip' && body.length > 0
  const text = (isPacked ? gunzipSync(body) : body).toString()
  return { status: response.statusCode ?? 0, headers: response.headers, text }
}

export async function askJson<T>(place: Place, path: string, asked?: Asked): Promise<T> {
  return JSON.parse((await ask(place, path, asked)).text) as T
}
