/** A filesystem of its own for a history, which can be unmounted and mounted again, see `filesystems.ts`. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Cleaner } from '../support/cleaner.ts'
import { command } from '../support/disks.ts'
import { enterOwnMounts } from '../support/own-mounts.ts'
import { until } from '../support/until.ts'
import type { Filesystem, Way } from './filesystems.ts'

export type MountedDisk = {
  /** Where it is mounted, which is the filesystem's top. */
  readonly top: string
  /** Unmounts it, and waits until nobody uses it any more. */
  readonly unmount: () => Promise<void>
  /** Mounts it. Just before, `prepare` gets the filesystem's top at another place, where nobody watches. */
  readonly mount: (prepare?: (top: string) => Promise<void> | void) => Promise<void>
}

type Storage = {
  readonly mount: (path: string) => Promise<void>
  /** Waits until it can be mounted again. */
  readonly unmounted: () => Promise<void>
}

/** How long an unmount may take: a program may still be reading a file. */
const UNMOUNT_MS = 30_000
/** Folders for the lower layer of overlayfs, below all tops. */
const LOWER = ['one/lower', 'two/lower/a', 'outside/lower']

/** Why the filesystem can't be used here; false if it can. For `skip`. */
export function noFilesystem({ way }: Filesystem): string | false {
  const refusal = enterOwnMounts()
  if (refusal !== false) return refusal
  const served = 'serve' in way && way.serve !== undefined
  const programs = way.kind === 'image' ? [way.make[0] as string, 'losetup'] : []
  if (way.kind === 'image' && way.serve !== undefined) programs.push(way.serve('', '')[0] as string)
  if (way.kind === 'branches') programs.push(way.serve([''], '')[0] as string)
  for (const program of served ? [...programs, 'setpriv'] : programs) {
    if (!succeeds('sh', '-c', `command -v ${program}`)) return `needs ${program}, which is not installed`
  }
  const type = served
    ? 'fuse'
    : { image: way.kind === 'image' ? way.type : '', memory: 'tmpfs', layers: 'overlay' }[way.kind as 'image']
  if (!readFileSync('/proc/filesystems', 'utf8').split(/\s+/).includes(type)) return `needs a kernel with ${type}`
  if (way.kind === 'image' && !succeeds('losetup', '--find')) return 'needs a free loop device'
  return false
}

/**
 * To be called before a program that watches the disk is started, so that the disk is unmounted after that has ended.
 */
export async function mountDisk(t: Cleaner, { way }: Filesystem): Promise<MountedDisk> {
  // Removed below, after everything in it is unmounted.
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'drive-feed-churn-')))
  const [top, staging] = [join(folder, 'top'), join(folder, 'staging')]
  mkdirSync(top)
  mkdirSync(staging)
  const servers = new Set<ChildProcess>()
  const cleanUp = () => {
    for (const path of [top, staging, join(folder, 'below')]) succeeds('umount', '--lazy', path)
    for (const server of servers) server.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
  process.once('exit', cleanUp)
  t.after(() => {
    process.off('exit', cleanUp)
    cleanUp()
  })
  const storage = createStorage(way, folder, servers)
  const mount: MountedDisk['mount'] = async (prepare) => {
    if (prepare === undefined) return storage.mount(top)
    await storage.mount(staging)
    await prepare(staging)
    command('mount', '--move', staging, top)
  }
  await mount()
  return {
    top,
    mount,
    unmount: async () => {
      await until(`${top} to be unmounted`, () => succeeds('umount', top), UNMOUNT_MS)
      await storage.unmounted()
    },
  }
}

function createStorage(way: Way, folder: string, servers: Set<ChildProcess>): Storage {
  const below = join(folder, 'below')
  const ended = () => until('the filesystem’s program to end', () => servers.size === 0)
  if (way.kind === 'image') return createImage(way, join(folder, 'image'), servers, ended)
  // In memory: it keeps any time, and lasts as long as the history.
  const nothing = async () => {}
  if (way.kind === 'memory') {
    return {
      mount: async (path) => void command('mount', '-t', 'tmpfs', '-o', 'size=256m', 'churn', path),
      unmounted: nothing,
    }
  }
  mkdirSync(below)
  command('mount', '-t', 'tmpfs', '-o', 'size=256m', 'churn', below)
  if (way.kind === 'branches') {
    const branches = Array.from({ length: way.count }, (_, at) => join(below, `branch-${at}`))
    for (const branch of branches) mkdirSync(branch)
    return {
      mount: (path) => serve(way.serve(branches, path), path, servers),
      unmounted: async () => void (await ended()),
    }
  }
  const layers = { lowerdir: join(below, 'lower'), upperdir: join(below, 'upper'), workdir: join(below, 'work') }
  for (const layer of Object.values(layers)) mkdirSync(layer)
  for (const name of LOWER) {
    mkdirSync(join(layers.lowerdir, name), { recursive: true })
    for (const file of ['a', 'b']) writeFileSync(join(layers.lowerdir, name, file), `${name}/${file}`)
  }
  const options = Object.entries(layers).map(([key, path]) => `${key}=${path}`)
  return {
    mount: async (path) => void command('mount', '-t', 'overlay', '-o', options.join(), 'churn', path),
    unmounted: nothing,
  }
}

function createImage(
  { type, bytes, make, serve: serving }: Extract<Way, { kind: 'image' }>,
  image: string,
  servers: Set<ChildProcess>,
  ended: () => Promise<unknown>,
): Storage {
  writeFileSync(image, '')
  truncateSync(image, bytes)
  const [program, ...args] = make as [string, ...string[]]
  command(program, ...args, image)
  return {
    mount: async (path) => {
      // Another program may take the free device first.
      const device = await until('a loop device', () =>
        attempt(() => command('losetup', '--find', '--show', image).trim()),
      )
      try {
        if (serving === undefined) command('mount', '-t', type, device, path)
        else await serve(serving(device, path), path, servers)
      } finally {
        // The last unmount detaches it.
        command('losetup', '--detach', device)
      }
    },
    unmounted: async () => {
      await ended()
      await until('the loop device to be detached', () => command('losetup', '--associated', image) === '')
    },
  }
}

/** Runs the server in the foreground, and never longer than this process. */
async function serve(serving: readonly string[], path: string, servers: Set<ChildProcess>): Promise<void> {
  const server = spawn('setpriv', ['--pdeathsig', 'KILL', ...serving], {
    stdio: 'ignore',
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
  })
  servers.add(server)
  server.once('exit', () => servers.delete(server))
  server.once('error', () => servers.delete(server))
  await until(`${serving[0]} to mount ${path}`, () => {
    if (!servers.has(server)) throw new Error(`${serving.join(' ')} ended with ${server.exitCode}`)
    return readFileSync('/proc/thread-self/mountinfo', 'utf8').includes(` ${path} `)
  })
}

function succeeds(program: string, ...args: readonly string[]): boolean {
  return attempt(() => command(program, ...args)) !== null
}

function attempt<T>(work: () => T): T | null {
  try {
    return work()
  } catch {
    return null
  }
}
