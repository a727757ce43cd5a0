import type { TestContext } from 'node:test'
import { smallFeed } from '../support/small-feed.ts'

/** At least 16 characters long, as the config requires. */
const TOKEN = 'a-token-of-nobody'

/** Serves a small feed with a living indexer. Gives the api's description, also as the `text` that came. */
export async function servedDescription(t: TestContext, options: { readonly hasToken: boolean }) {
  const apiToken = options.hasToken ? TOKEN : null
  const small = await smallFeed(t, { nowMs: () => 1_000, access: { apiToken } })
  small.feed.sqlite.exec(
    "INSERT INTO status (id, state, version, started_ms, heartbeat_ms) VALUES (1, 'watching', '1.2.3', 0, 0)",
  )
  const { origin } = new URL(small.url)
  // A run, as every indexer begins one.
  small.feed.sqlite.exec("INSERT INTO runs VALUES (1, '97e32af4f17ccf39')")
  const response = await fetch(`${origin}/openapi.json`, { headers: { authorization: `Bearer ${TOKEN}` } })
  const text = await response.text()
  return { ...small, origin, token: TOKEN, text, document: JSON.parse(text) as Document }
}

type Document = { readonly paths: Readonly<Record<string, { readonly get: { readonly operationId: string } }>> }
