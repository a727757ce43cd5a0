/** The proxies of "Behind a reverse proxy" in docs/operating.md, run as printed there but for the names of this machine. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Cleaner } from '../support/cleaner.ts'
import { freePort } from '../support/free-port.ts'
import { type Program, runCaddy, runNginx } from './run-proxy.ts'

const DOCUMENT = join(import.meta.dirname, '../../docs/operating.md')

export type OwnersProxy = {
  readonly name: string
  readonly program: Program
  readonly config: string
  /** What the owner's nginx has for all its hosts. */
  readonly forAllHosts: string
  /** The name under which the proxy answers. */
  readonly host: string
  /** The path below which the api is, without a slash at its end. */
  readonly below: string
}

export type RunningProxy = OwnersProxy & { readonly port: number }

const GZIP_ALL = 'gzip on; gzip_types *; gzip_proxied any;'
/** Shorter than the test waits: the documented part has to overrule it. */
const SHORT_TIMEOUT = 'proxy_read_timeout 200ms;'
/** The name of the server into which a part is put that names none. */
const HOST = 'nas.example.org'

/** What a proxy with a form makes: the address, and the name passed on. Everything else is nginx' default. */
export const PLAIN_NGINX: OwnersProxy = {
  name: 'nginx as it comes',
  program: 'nginx',
  config: 'location / { proxy_pass http://127.0.0.1:8080; proxy_set_header Host $host; }',
  forAllHosts: GZIP_ALL,
  host: HOST,
  below: '',
}

export function readDocumentedProxies(): OwnersProxy[] {
  const [, chapter = ''] = /^## Behind a reverse proxy\n(.*?)^## /ms.exec(readFileSync(DOCUMENT, 'utf8')) ?? []
  const blocks = [...chapter.matchAll(/^```(nginx|caddy)\n(.*?)^```/gms)]
  return blocks.map(([, program, config = '']) => {
    const [, host = HOST] = (program === 'nginx' ? /server_name (\S+);/ : /^(\S+) \{/).exec(config) ?? []
    const [, below = ''] = /(?:location|handle_path) (\/[^\s/]+)\//.exec(config) ?? []
    const name = `${program} ${below === '' ? 'with a host name' : 'below a path'}`
    return { name, program: program as Program, config, forAllHosts: `${SHORT_TIMEOUT} ${GZIP_ALL}`, host, below }
  })
}

/** Starts it in front of a port of this machine. Without TLS, since nobody certifies the name. */
export async function startOwnersProxy(
  t: Cleaner,
  folder: string,
  proxy: OwnersProxy,
  upstreamPort: number,
): Promise<RunningProxy> {
  const { program, host, forAllHosts } = proxy
  const port = await freePort()
  const config = replaced(proxy.config, '127.0.0.1:8080', `127.0.0.1:${upstreamPort}`)
  if (program === 'caddy') {
    const site = replaced(config, `${host} {`, `http://${host}:${port} {`)
    await runCaddy(t, folder, `{\nadmin off\nauto_https off\ndefault_bind 127.0.0.1\n}\n${site}`, port)
  } else {
    const listen = `listen 127.0.0.1:${port};`
    const server = config.startsWith('server')
      ? replaced(config, 'listen 443 ssl;', listen)
      : `server { ${listen} server_name ${host};\n${config}}`
    await runNginx(t, folder, `${forAllHosts}\n${server}`, port)
  }
  return { ...proxy, port }
}

function replaced(text: string, from: string, to: string): string {
  assert.equal(text.split(from).length, 2, `${from} is there once:\n${text}`)
  return text.replace(from, to)
}
