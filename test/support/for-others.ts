/**
 * What a test needs to run a program of ours as another user than root: a temporary folder that everybody may enter. If
 * this project or Node is in a folder that only root may enter, also a copy of both in such a temporary folder.
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'

/** Paths of Node and of the program that the user can run. */
export type Runnable = { readonly node: string; readonly main: string }

const ROOT = join(import.meta.dirname, '../..')
const SOURCES = ['shared', 'services/api', 'services/indexer']

/** Where temporary folders may be. Others may be barred from the first, and programs from running in some. */
const parents = () => [tmpdir(), '/tmp', '/var/tmp', '/dev/shm'].filter(mayEverybodyEnter)

/** Makes a folder that others may enter, unlike one of mkdtemp(3). The caller removes it. */
export function folderForOthers(prefix: string): string {
  const [parent] = parents()
  if (parent === undefined)
    throw new Error(`no temporary folder can be entered by everybody: neither ${tmpdir()} nor /tmp`)
  return madeBelow(parent, prefix)
}

/** @param main absolute path of a program of ours that knows `--version` */
export function runnableBy(uid: number, main: string): Runnable {
  const here = { node: process.execPath, main }
  if (isRunnableBy(uid, here)) return here
  for (const copy of copies()) {
    const there = { node: join(copy, 'node'), main: join(copy, relative(ROOT, main)) }
    if (isRunnableBy(uid, there)) return there
  }
  throw new Error(`user ${uid} can run ${main} from nowhere`)
}

function isRunnableBy(uid: number, { node, main }: Runnable): boolean {
  return spawnSync(node, [main, '--version'], { uid, gid: uid, cwd: '/' }).status === 0
}

const made: string[] = []
process.on('exit', () => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true })
})

/** The copies that exist already, then a new one in each possible place. */
function* copies(): Generator<string> {
  yield* [...made]
  for (const parent of parents()) {
    const folder = madeBelow(parent, 'drive-feed-copy-')
    made.push(folder)
    if (copyTo(folder)) yield folder
  }
}

/**
 * Copies all that runs: the sources, Node, and the packages without those for development. False if there is no room.
 */
function copyTo(folder: string): boolean {
  try {
    copyFileSync(process.execPath, join(folder, 'node'))
  } catch {
    return false
  }
  const { devDependencies, optionalDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  const without = new Set(
    Object.keys({ ...devDependencies, ...optionalDependencies }).map((name) => name.split('/')[0]),
  )
  const packages = readdirSync(join(ROOT, 'node_modules'))
    .filter((name) => !name.startsWith('.') && !without.has(name))
    .map((name) => `node_modules/${name}`)
  mkdirSync(join(folder, 'services'))
  // The links between the workspaces are relative ones and stay so.
  const copied = ['package.json', ...SOURCES, ...packages].every((path) => succeeds('cp', '-R', ...into(folder, path)))
  return copied && succeeds('chmod', '-R', 'a+rX', folder)
}

function into(folder: string, path: string): [from: string, to: string] {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  return [join(ROOT, path), join(folder, path)]
}

function succeeds(program: string, ...args: readonly string[]): boolean {
  return spawnSync(program, args, { stdio: 'ignore' }).status === 0
}

function madeBelow(parent: string, prefix: string): string {
  const folder = mkdtempSync(join(parent, prefix))
  chmodSync(folder, 0o755)
  return folder
}

/** Whether everybody may enter the folder and all folders above it. */
function mayEverybodyEnter(path: string): boolean {
  const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0
  return (mode & 0o001) !== 0 && (dirname(path) === path || mayEverybodyEnter(dirname(path)))
}
