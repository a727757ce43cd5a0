/** Sends requests to the api, and retries them until they are answered. */
import { type BackoffLimits, backoffMs } from './backoff.ts'
import { FeedGoneError, FeedRequestError, isPassing } from './feed-error.ts'
import { retryAfterMs } from './retry-after.ts'
import type { Problem } from './wire.ts'

export type Retry = BackoffLimits & {
  /** Called before each delay, for a log. */
  readonly onRetry?: (failure: { readonly error: unknown; readonly attempt: number; readonly delayMs: number }) => void
}

/** The functions of the environment that the client uses; tests replace them. */
export type Surroundings = {
  readonly fetch: typeof globalThis.fetch
  /** From 0 up to, not including, 1. */
  readonly random: () => number
  /** Rejects with the signal's reason as soon as the signal is aborted. */
  readonly sleep: (ms: number, signal: AbortSignal | undefined) => Promise<void>
}

export type Query = Readonly<Record<string, string | number | readonly string[] | undefined>>

export type FeedRequest = {
  /** Relative to `/api/v1/`. */
  readonly path: string
  readonly query?: Query
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal | undefined
}

export type Answer<T> = { readonly body: T; readonly epoch: string | null; readonly head: number | null }

export type Requests = ReturnType<typeof createRequests>

export function createRequests(options: {
  /** The address of the api, such as `http://nas:8080`. */
  readonly url: string
  readonly token?: string | undefined
  readonly timeoutMs: number
  readonly retry: Retry
  readonly surroundings: Surroundings
}) {
  const { url, token, timeoutMs, retry, surroundings } = options
  // Destructured, because a browser's `fetch` throws if it is called as a method of another object.
  const { fetch, random, sleep } = surroundings
  const base = new URL('api/v1/', url.endsWith('/') ? url : `${url}/`)
  const authorization = token === undefined ? {} : { Authorization: `Bearer ${token}` }

  /** One attempt. The answer is a success, and its body is not yet read. */
  const open = async ({ path, query = {}, headers = {}, signal }: FeedRequest): Promise<Response> => {
    const address = withQuery(new URL(path, base), query)
    const init = { headers: { ...headers, ...authorization }, ...(signal === undefined ? {} : { signal }) }
    const response = await fetch(address, init)
    if (!response.ok) throw await refusal(response, address)
    return response
  }

  const readJson = async <T>(request: FeedRequest, withinMs: number): Promise<Answer<T>> => {
    const timeout = AbortSignal.timeout(withinMs)
    const signal = request.signal === undefined ? timeout : AbortSignal.any([request.signal, timeout])
    const response = await open({ ...request, signal })
    const type = response.headers.get('Content-Type') ?? 'nothing'
    if (!/\bjson\b/.test(type)) {
      await response.body?.cancel()
      throw new FeedRequestError(`${base} does not look like a drive-feed: it sent ${type}`, response.status)
    }
    return { body: (await response.json()) as T, ...databaseOf(response) }
  }

  /** Waits before attempt number `attempt + 1`, or throws the error if a retry can't succeed. */
  const pause = async (error: unknown, attempt: number, signal: AbortSignal | undefined): Promise<void> => {
    signal?.throwIfAborted()
    if (!isPassing(error)) throw error
    const asked = error instanceof FeedRequestError ? error.retryAfterMs : null
    const delayMs = backoffMs(attempt, retry, { random: random(), retryAfterMs: asked })
    retry.onRetry?.({ error, attempt, delayMs })
    await sleep(delayMs, signal)
  }

  return {
    open,
    pause,
    sleep,
    /**
     * Retries until there is an answer, or an error that a retry can't help. An answer counts only with its whole body.
     *
     * @param extraMs time that a long poll adds to the limit
     */
    json: async <T>(request: FeedRequest, extraMs = 0): Promise<Answer<T>> => {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await readJson<T>(request, timeoutMs + extraMs)
        } catch (error) {
          await pause(error, attempt, request.signal)
        }
      }
    },
  }
}

/** The database that the answer is from; nulls if the server does not say, as the original program does not. */
export function databaseOf(response: Response): { epoch: string | null; head: number | null } {
  const head = response.headers.get('Feed-Head')
  return { epoch: response.headers.get('Feed-Epoch'), head: head === null ? null : Number(head) }
}

function withQuery(address: URL, query: Query): URL {
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined) address.searchParams.append(name, String(one))
    }
  }
  return address
}

async function refusal(response: Response, address: URL): Promise<Error> {
  const problem = await readProblem(response)
  if (response.status === 410) return new FeedGoneError(problem)
  const wait = retryAfterMs(response.headers.get('Retry-After'), Date.now())
  const message = `${address.pathname}: ${response.status} ${problem.detail ?? problem.title ?? response.statusText}`
  return new FeedRequestError(message, response.status, wait)
}

/** An error may come from a proxy, as a page for people. */
async function readProblem(response: Response): Promise<Problem> {
  const text = await response.text()
  try {
    const problem: unknown = JSON.parse(text)
    return typeof problem === 'object' && problem !== null ? problem : {}
  } catch {
    return {}
  }
}
