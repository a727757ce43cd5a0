/** GET requests of tests, with a bound, and with the reason when they fail. */
import assert from 'node:assert/strict'

const REQUEST_MS = 60_000

/** The body of a 200. */
export async function getJson<T>(url: string): Promise<T> {
  const { response, text } = await get(url)
  assert.equal(response.status, 200, `${url}: ${text}`)
  return JSON.parse(text) as T
}

export async function get(url: string): Promise<{ response: Response; text: string }> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(REQUEST_MS) })
    return { response, text: await response.text() }
  } catch (error) {
    // The message alone is only "fetch failed".
    throw new Error(`${url}: ${(error as Error).message}: ${String((error as Error).cause)}`, { cause: error })
  }
}
