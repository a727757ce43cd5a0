/** Real reverse proxies as processes of a test: Debian's nginx and Caddy, if they are installed. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import type { Cleaner } from '../support/cleaner.ts'
import { freePort } from '../support/free-port.ts'
import { launch } from '../support/service-process.ts'
import { until } from '../support/until.ts'

export type Program = 'nginx' | 'caddy'

const CADDYFILE = join(import.meta.dirname, '../../services/proxy/Caddyfile')
const LISTEN_MS = 60_000
// Debian has nginx where only root's PATH leads.
const PATH = `${process.env.PATH ?? ''}:/usr/sbin`
const isThere = { nginx: answers('nginx', '-v'), caddy: answers('caddy', 'version') }

/** Why tests that need the program are skipped; false if it is there. */
export function withoutProxy(program: Program): string | false {
  return isThere[program] ? false : `needs the program ${program}, as from the Debian package of that name`
}

/** Starts the proxy of the containers, but for what only these have: a fixed port and other containers' names. @returns its port */
export async function startShippedProxy(t: Cleaner, folder: string, apiPort: number): Promise<number> {
  const port = await freePort()
  const config = readFileSync(CADDYFILE, 'utf8')
    .replace(/^:8080 \{/m, `http://:${port} {\nbind 127.0.0.1`)
    .replace(/dynamic a \{[^}]*\}/, `to 127.0.0.1:${apiPort}`)
  assert.match(config, /bind 127\.0\.0\.1.*to 127\.0\.0\.1/s)
  await runCaddy(t, folder, config, port)
  return port
}

/** @param config is complete, and has the proxy listen on the port of 127.0.0.1 */
export async function runCaddy(t: Cleaner, folder: string, config: string, port: number): Promise<void> {
  const file = join(folder, `caddy-${port}`)
  writeFileSync(file, config)
  const env = { HOME: folder, XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder }
  launch(t, { command: 'caddy', args: ['run', '--config', file, '--adapter', 'caddyfile'], env })
  await until('the proxy to listen', () => canConnect(port), LISTEN_MS)
}

/** @param http what its block `http` has, with a server that listens on the port of 127.0.0.1 */
export async function runNginx(t: Cleaner, folder: string, http: string, port: number): Promise<void> {
  const own = join(folder, `nginx-${port}`)
  mkdirSync(own)
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${own}/${name};`,
  )
  // One process: workers would outlive a main process that is killed.
  writeFileSync(
    join(own, 'nginx.conf'),
    `daemon off; master_process off; pid ${own}/pid; error_log stderr;
events { worker_connections 256; }
http {
access_log off;
${temporary.join('\n')}
${http}
}
`,
  )
  launch(t, { command: 'nginx', args: ['-p', own, '-e', 'stderr', '-c', join(own, 'nginx.conf')], env: { PATH } })
  await until('the proxy to listen', () => canConnect(port), LISTEN_MS)
}

function answers(program: Program, argument: string): boolean {
  return spawnSync(program, [argument], { env: { ...process.env, PATH } }).status === 0
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false))
    socket.on('close', () => socket.destroy())
    socket.on('connect', () => socket.destroy())
  })
}
