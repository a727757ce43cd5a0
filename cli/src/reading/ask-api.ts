/** Whether the api of this config answers on this machine, and serves the same database. */
import type { Config } from '@drive-feed/shared/config/config.ts'
import { parseFeedEpoch } from '@drive-feed/shared/feed-epoch.ts'
import type { ApiAnswer } from './status-view.ts'

const PATIENCE_MS = 2_000

/** @param database the identity of the database: the feed's epoch */
export async function askApi(
  { host, port, apiToken }: Pick<Config, 'host' | 'port' | 'apiToken'>,
  database: string,
): Promise<ApiAnswer> {
  const url = `http://${addressOf(host)}:${port}`
  try {
    const headers = apiToken === null ? {} : { Authorization: `Bearer ${apiToken}` }
    const answer = await fetch(`${url}/api/v1/status`, { headers, signal: AbortSignal.timeout(PATIENCE_MS) })
    const told: unknown = await answer.json().catch(() => null)
    return { url, isAnswering: true, version: versionIn(told, database) }
  } catch {
    return { url, isAnswering: false, version: null }
  }
}

function versionIn(told: unknown, database: string): string | null {
  const { epoch, api } = (told ?? {}) as { epoch?: unknown; api?: { version?: unknown } }
  if (typeof epoch !== 'string' || parseFeedEpoch(epoch)?.database !== database) return null
  return typeof api?.version === 'string' ? api.version : null
}

/** Where this machine reaches the api: nobody can connect to all addresses. */
function addressOf(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}
