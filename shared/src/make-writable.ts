/**
 * What makes a folder of the database writable for a user. A command is only given for what is certainly drive-feed's
 * own, and names each path: people run it as root.
 */
import { accessSync, constants, lstatSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { databaseNames } from './own-files.ts'
import { shellWord } from './shell-word.ts'

export type User = { readonly uid: number; readonly gid: number }

/** `own folder`: the folder holds, or may hold, what is not drive-feed's, so nobody should give it away. */
export type Remedy = { readonly kind: 'command'; readonly command: string } | { readonly kind: 'own folder' }

/** What `drive-feed start` puts beside the database. */
const OF_START = new Set(['server.yaml', 'indexer.log', 'api.log', 'sample'])

/**
 * @param folder an absolute path; it need not be there
 * @param databaseName the name of the database in it
 * @param isWritable whether this process may use what is at the path
 */
export function howToMakeWritable(
  folder: string,
  databaseName: string,
  { uid, gid }: User,
  isWritable = mayUse,
): Remedy {
  const state = stateOf(folder)
  if (state === 'unknown') return { kind: 'own folder' }
  if (state === 'missing') return command(`sudo install -d -o ${uid} -g ${gid} ${shellWord(folder)}`)
  const names = namesIn(folder)
  const isOwn = isOwnName(databaseName)
  if (!isOwnFolder(realpathSync(folder), names, isOwn, databaseName)) return { kind: 'own folder' }
  const files = (names ?? []).filter(isOwn).map((name) => join(folder, name))
  const paths = [folder, ...files.filter(isFile)].filter((path) => !isWritable(path))
  const words = (paths.length === 0 ? [folder] : paths).map(shellWord).join(' ')
  const isTheirs = paths.length > 0 && paths.every((path) => statSync(path, { throwIfNoEntry: false })?.uid === uid)
  return command(isTheirs ? `chmod u+rwX ${words}` : `sudo chown ${uid}:${gid} ${words}`)
}

/** `unknown`: this user may not look, or a file is in its way. */
function stateOf(folder: string): 'folder' | 'missing' | 'unknown' {
  try {
    const stats = statSync(folder, { throwIfNoEntry: false })
    if (stats === undefined) return 'missing'
    return stats.isDirectory() ? 'folder' : 'unknown'
  } catch {
    return 'unknown'
  }
}

function command(text: string): Remedy {
  return { kind: 'command', command: text }
}

function isOwnName(databaseName: string): (name: string) => boolean {
  const isOfDatabase = databaseNames(databaseName)
  return (name) => OF_START.has(name) || isOfDatabase(name)
}

/** @param names null if this user can't list it */
function isOwnFolder(
  path: string,
  names: readonly string[] | null,
  isOwn: (name: string) => boolean,
  databaseName: string,
): boolean {
  if (path === '/') return false
  const isNamed = basename(path) === 'drive-feed'
  const hasOnlyOwn = names?.every((name) => isOwn(name) && !isLink(join(path, name))) === true
  if (dirname(path) !== '/' && !isMountPoint(path)) return isNamed || hasOnlyOwn
  // A container's volume. An empty one is at the place that the images name.
  return hasOnlyOwn && (isNamed || path === '/data' || names?.includes(databaseName) === true)
}

/** Null if this user can't list it. */
function namesIn(folder: string): string[] | null {
  try {
    return readdirSync(folder)
  } catch {
    return null
  }
}

function isMountPoint(path: string): boolean {
  try {
    const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n')
    const unescaped = (text: string) =>
      text.replace(/\\(\d{3})/g, (_, octal) => String.fromCharCode(parseInt(octal, 8)))
    return lines.some((line) => unescaped(line.split(' ')[4] ?? '') === path)
  } catch {
    return statSync(path).dev !== statSync(dirname(path)).dev
  }
}

/** chown(1) would change what it leads to. */
function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true
}

function isFile(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() === true
}

function mayUse(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK | (isFile(path) ? 0 : constants.X_OK))
    return true
  } catch {
    return false
  }
}
