/** Writes the files for systemd, or removes them, and has systemd take note. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Config, loadConfig } from '@drive-feed/shared/config/config.ts'
import { shownPath } from '@drive-feed/shared/shown-path.ts'
import { shownText } from '@drive-feed/shared/shown-text.ts'
import { CommandError, type Given } from '../command.ts'
import { EXIT_DONE, EXIT_NOT_WELL, EXIT_UNUSABLE } from '../exit-codes.ts'
import { isForUnit } from './unit-words.ts'
import {
  API,
  API_PATH,
  filesOf,
  INDEXER,
  INDEXER_PATH,
  type InstalledFile,
  type ServicePlan,
  SYSCTL_PATH,
} from './units.ts'

const ROOT = realpathSync(join(import.meta.dirname, '../../..'))

export async function installService({ options }: Given): Promise<number> {
  if (options.uninstall === true && options.print === true)
    throw new CommandError('--print and --uninstall exclude each other', EXIT_UNUSABLE)
  if (options.uninstall === true) {
    requireRoot()
    return uninstall()
  }
  const files = filesOf(readPlan(String(options.config), options.user))
  if (options.print === true) {
    process.stdout.write(files.map(({ path, text }) => `# ${path}\n${text}`).join('\n'))
    return EXIT_DONE
  }
  requireRoot()
  return install(files)
}

/** @throws {ConfigError | CommandError} */
function readPlan(configPath: string, user: string | true | undefined): ServicePlan {
  const config = loadConfig(configPath, { checkFolders: false })
  const path = realpathSync(configPath)
  const plan: ServicePlan = {
    node: realpathSync(process.execPath),
    projectFolder: ROOT,
    configPath: path,
    // Links are resolved: a unit's rules are about real paths.
    databasePath: config.databasePath,
    logPath: config.logPath,
    port: config.port,
    watches: config.watches.map((watch) => watch.path),
    user: userOf(config, user),
    watchesAllowed: limitOf('max_user_watches'),
    instancesAllowed: limitOf('max_user_instances'),
  }
  const words = [plan.node, ROOT, path, plan.databasePath, plan.logPath ?? '', ...plan.watches]
  const unfit = words.find((word) => !isForUnit(word))
  if (unfit !== undefined)
    throw new CommandError(`${shownPath(unfit)} can't be written in a unit; rename it`, EXIT_UNUSABLE)
  if (plan.user === 'root') refuseSecretConfig(path)
  return plan
}

function userOf({ databasePath }: Config, given: string | true | undefined): string {
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
  if (typeof given === 'string') {
    const isKnown = /^[a-z_][\w-]*\$?$/i.test(given) && users.some(([name]) => name === given)
    if (!isKnown)
      throw new CommandError(
        `--user=${shownText(given)}: there is no such user; make it, or name another`,
        EXIT_UNUSABLE,
      )
    return given
  }
  const folder = dirname(databasePath)
  const stats = statSync(folder, { throwIfNoEntry: false })
  if (stats === undefined) throw new CommandError(`${shownPath(folder)} does not exist; make it first`, EXIT_UNUSABLE)
  const name = users.find((fields) => fields[2] === String(stats.uid))?.[0]
  if (name === undefined)
    throw new CommandError(
      `${shownPath(folder)} belongs to user ${stats.uid}, who has no name; give --user=NAME`,
      EXIT_UNUSABLE,
    )
  return name
}

/** The api of a user that exists only while it runs has to read the config as a stranger. */
function refuseSecretConfig(path: string): void {
  if ((statSync(path).mode & 0o004) !== 0) return
  throw new CommandError(
    `only its owner may read ${shownPath(path)}; give --user=NAME, who then runs both services`,
    EXIT_UNUSABLE,
  )
}

function requireRoot(): void {
  if (process.getuid?.() === 0) return
  throw new CommandError('needs root: run it with sudo; --print shows what it would write', EXIT_UNUSABLE)
}

function install(files: readonly InstalledFile[]): number {
  let isChanged = false
  for (const file of files) {
    const isWritten = writeIfOther(file)
    isChanged ||= isWritten
    process.stdout.write(`${isWritten ? 'Wrote' : 'Unchanged:'} ${file.path}\n`)
  }
  if (!isSystemdRunning()) {
    process.stdout.write('systemd does not run here; where it does, install there.\n')
    return EXIT_NOT_WELL
  }
  const isDone =
    run('sysctl', '--quiet', '--load', SYSCTL_PATH) &&
    run('systemctl', 'daemon-reload') &&
    run('systemctl', 'enable', '--quiet', INDEXER, API) &&
    run('systemctl', isChanged ? 'restart' : 'start', INDEXER, API)
  if (!isDone) return EXIT_NOT_WELL
  process.stdout.write(`Both services are started: systemctl status ${INDEXER} ${API}\n`)
  return EXIT_DONE
}

function uninstall(): number {
  const found = [INDEXER_PATH, API_PATH, SYSCTL_PATH].filter((path) => existsSync(path))
  if (found.length === 0) {
    process.stdout.write('Nothing is installed.\n')
    return EXIT_DONE
  }
  const isStopped = !isSystemdRunning() || run('systemctl', 'disable', '--quiet', '--now', INDEXER, API)
  if (!isStopped) return EXIT_NOT_WELL
  for (const path of found) {
    rmSync(path)
    process.stdout.write(`Removed ${path}\n`)
  }
  return !isSystemdRunning() || run('systemctl', 'daemon-reload') ? EXIT_DONE : EXIT_NOT_WELL
}

/** Replaced in one step, so that no half file is ever there. False if it is there already. */
export function writeIfOther({ path, text }: InstalledFile): boolean {
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return false
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(`${path}.new`, text, { mode: 0o644 })
  renameSync(`${path}.new`, path)
  return true
}

function isSystemdRunning(): boolean {
  return existsSync('/run/systemd/system')
}

function run(program: string, ...words: readonly string[]): boolean {
  const { status, stderr, error } = spawnSync(program, words, { encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'] })
  if (status === 0) return true
  const reason = error?.message ?? stderr.trim().split('\n').at(-1) ?? ''
  process.stderr.write(`${program} ${words.join(' ')}: ${shownText(reason)}\n`)
  return false
}

function limitOf(name: string): number {
  try {
    return Number(readFileSync(`/proc/sys/fs/inotify/${name}`, 'utf8'))
  } catch {
    return 0
  }
}
