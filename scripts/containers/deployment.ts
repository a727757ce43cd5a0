/**
 * Runs the containers of docker-compose.yml as a project of their own, with its own name, port, media folder and
 * volume.
 */
import { execFile, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from '../../test/support/free-port.ts'
import { isSharedMount, shareMount, unmount } from './mounts.ts'

const ROOT = join(import.meta.dirname, '..', '..')
/** Long enough for a build on a slow line, which fetches two base images and a hundred packages. */
const COMMAND_LIMIT_MS = 15 * 60_000

export type Deployment = {
  readonly project: string
  readonly url: string
  /** The folder on this machine that is /mnt/media in the indexer's container. */
  readonly media: string
  /** Null if later mounts of this machine below `media` reach the containers; otherwise why not. */
  readonly mountsStayOutside: string | null
  /** Runs `docker compose`; resolves with what it wrote to standard output. */
  readonly compose: (...words: readonly string[]) => Promise<string>
  /** Ids of the running containers of a service. */
  readonly containers: (service: string) => Promise<string[]>
  /** Runs a program in each running container of a service, and gives what each wrote. */
  readonly inEach: (service: string, ...argv: readonly string[]) => Promise<string[]>
  /** Removes the whole project, its images too. Synchronous, for the end of the process. */
  readonly remove: () => void
}

export async function createDeployment(): Promise<Deployment> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'drive-feed-e2e-')))
  const project = folder.slice(folder.lastIndexOf('/') + 1).toLowerCase()
  const port = await freePort()
  const media = join(folder, 'media')
  mkdirSync(media)
  chmodSync(media, 0o755)
  const mountsStayOutside = isSharedMount(media) ? null : shareMount(media)
  const environment = {
    ...withoutOwnSettings(process.env),
    MEDIA: media,
    PORT: String(port),
    MEDIA_PROPAGATION: mountsStayOutside === null ? 'rslave' : 'rprivate',
  }
  // Neither the owner's .env nor an override file counts.
  const own = [
    'compose',
    '--project-name',
    project,
    '--env-file',
    '/dev/null',
    '--file',
    join(ROOT, 'docker-compose.yml'),
  ]
  const compose = (...words: readonly string[]) => docker([...own, ...words], environment)
  const containers = async (service: string) => linesOf(await compose('ps', '--quiet', service))
  return {
    project,
    url: `http://127.0.0.1:${port}`,
    media,
    mountsStayOutside,
    compose,
    containers,
    inEach: async (service, ...argv) =>
      Promise.all((await containers(service)).map((id) => docker(['exec', id, ...argv]))),
    remove: () => {
      const words = ['down', '--volumes', '--remove-orphans', '--rmi', 'local', '--timeout', '3']
      spawnSync('docker', [...own, ...words], { env: environment, stdio: 'ignore' })
      unmount(media)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Rejects with the command and the end of its output if it fails. */
export async function docker(argv: readonly string[], environment = process.env): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)('docker', argv, {
      env: environment,
      timeout: COMMAND_LIMIT_MS,
      maxBuffer: 64 * 1024 * 1024,
    })
    return stdout
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string }
    const words = (stderr === undefined || stderr === '' ? message : stderr).trimEnd().split('\n').slice(-25)
    throw new Error(`docker ${argv.join(' ')}\n${words.join('\n')}`, { cause: error })
  }
}

export function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '')
}

/** Without the shell's own variables, which would override those that are set here. */
function withoutOwnSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const isOwn = (name: string) => name.startsWith('COMPOSE_') || name === 'CONFIG' || name === 'INDEXER_USER'
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !isOwn(name)))
}
