/**
 * Runs the containers of docker-compose.yml as a project of their own, with its own name, port, media folder and
 * volume.
 */
import { execFile, spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
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
  /** The folder on this machine that is the second watched folder. */
  readonly media2: string
  /** Null if later mounts of this machine below `media` reach the containers; otherwise why not. */
  readonly mountsStayOutside: string | null
  /** The folder with `docker-compose.yml` and `.env`. */
  readonly home: string
  /** Builds the images. */
  readonly build: () => Promise<void>
  /** As `compose`, with variables that override those of `.env`. */
  readonly composeWith: (more: Readonly<Record<string, string>>, ...words: readonly string[]) => Promise<string>
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
  const media2 = join(folder, 'more')
  mkdirSync(media2)
  for (const one of [folder, media, media2]) chmodSync(one, 0o755)
  const problems = [media, media2].map((one) => (isSharedMount(one) ? null : shareMount(one)))
  const mountsStayOutside = problems.find((problem) => problem !== null) ?? null
  const settings = {
    MEDIA: media,
    MEDIA_2: media2,
    MEDIA_2_NAME: 'films',
    IMAGES: `${project}/`,
    PORT: String(port),
    MEDIA_PROPAGATION: mountsStayOutside === null ? 'rslave' : 'rprivate',
  }
  // All that an owner needs: a folder with these two files. Only the build is in the project's own folder.
  const home = join(folder, 'home')
  mkdirSync(home)
  copyFileSync(join(ROOT, 'docker-compose.yml'), join(home, 'docker-compose.yml'))
  writeFileSync(
    join(home, '.env'),
    Object.entries(settings)
      .map(([name, text]) => `${name}=${text}\n`)
      .join(''),
  )
  const environment = withoutOwnSettings(process.env)
  const own = ['compose', '--project-name', project, '--project-directory', home]
  const inHome = [...own, '--file', join(home, 'docker-compose.yml')]
  const composeWith = (more: Readonly<Record<string, string>>, ...words: readonly string[]) =>
    docker([...inHome, ...words], { ...environment, ...more })
  const compose = (...words: readonly string[]) => composeWith({}, ...words)
  const build = async () => {
    const file = ['--env-file', join(home, '.env'), '--file', join(ROOT, 'docker-compose.yml')]
    await docker(['compose', '--project-name', project, ...file, 'build', '--quiet'], environment)
  }
  const containers = async (service: string) => linesOf(await compose('ps', '--quiet', service))
  return {
    project,
    url: `http://127.0.0.1:${port}`,
    media,
    media2,
    mountsStayOutside,
    home,
    build,
    compose,
    composeWith,
    containers,
    inEach: async (service, ...argv) =>
      Promise.all((await containers(service)).map((id) => docker(['exec', id, ...argv]))),
    remove: () => {
      const words = ['down', '--volumes', '--remove-orphans', '--rmi', 'all', '--timeout', '3']
      spawnSync('docker', [...inHome, ...words], { env: environment, stdio: 'ignore' })
      for (const one of [media, media2]) unmount(one)
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
export function withoutOwnSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const own = /^(COMPOSE_|DRIVE_FEED_|MEDIA|(CONFIG|DATA|IMAGES|INDEXER_USER|PGID|PORT|PUID|TAG)$)/
  const isOwn = (name: string) => own.test(name)
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !isOwn(name)))
}
