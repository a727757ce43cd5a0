/** Random things that people and programs do to files: in two watched folders and one outside. */
import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  closeSync,
  copyFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join, relative } from 'node:path'
import { exchangeNames } from '../pair/exchange-names.ts'
import type { Random } from './random.ts'

export type World = {
  /** Holds the watched folders and the one outside. */
  readonly base: string
  readonly watched: readonly string[]
  readonly outside: string
  /** Files held open for writing. */
  readonly open: Map<number, string>
  /** Whether files may be left open: where their close is lost with the indexer, they are read half a minute later. */
  mayLeaveOpen: boolean
}

/** What is there now, folders with the tops first. */
type Here = { readonly files: string[]; readonly folders: string[] }

type Operation = (world: World, random: Random, here: Here) => string

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f.txt', 'g.jpg', 'ü', 'Thumbs.db', 'x.__tmp__', '@eaDir']
const ENTRIES_MAX = 400
/** Never touched: a root found empty at a start is taken for one that is away. */
export const KEPT_NAME = 'kept'

/** Some more likely than others: as often as they are listed. */
const OPERATIONS: readonly Operation[] = [
  ...Array<Operation>(4).fill(createFile),
  ...Array<Operation>(3).fill(renameAny),
  ...Array<Operation>(2).fill(removeAny),
  ...Array<Operation>(2).fill(createFolder),
  appendFile,
  rewriteFile,
  replaceAtomically,
  removeAndCreate,
  createTree,
  createDeep,
  makeLink,
  exchangeAny,
  swapThroughThird,
  touchFile,
  changeMode,
  copyWithTime,
  becomeFolder,
  renameOver,
  openForWriting,
  writeMore,
  closeOpen,
]

/** Does one; gives a line about it. What is impossible just now is said and left. */
export function operate(world: World, random: Random): string {
  const here = walk(world)
  const crowded = here.files.length + here.folders.length > ENTRIES_MAX
  const operation = crowded ? removeAny : (random.pick(OPERATIONS) ?? createFile)
  try {
    return operation(world, random, here)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    return `${operation.name}: not possible: ${message.replaceAll(`${world.base}/`, '')}`
  }
}

/** A write that leaves size and time as they were; only its close tells. */
export function rewriteSecretly(world: World, random: Random): string {
  const file = random.pick(walk(world).files.filter((path) => lstatSync(path).nlink === 1))
  if (file === undefined) return 'no file to rewrite'
  // `touch -r` keeps the nanoseconds, which a JavaScript date does not have.
  const reference = join(world.base, 'reference')
  execFileSync('touch', ['-r', file, reference])
  writeFileSync(file, bytes(random, lstatSync(file).size))
  execFileSync('touch', ['-r', reference, file])
  return `rewrite ${relative(world.base, file)} secretly`
}

/** A write through a name that nobody watches gives no event: it is found with the next one at a watched name. */
export function stirLinks({ watched }: World): void {
  for (const path of walk({ watched }).files) {
    const { nlink, mode } = lstatSync(path)
    if (nlink > 1) chmodSync(path, mode ^ 0o020)
  }
}

export function closeAll(world: World): void {
  for (const fd of world.open.keys()) closeSync(fd)
  world.open.clear()
}

function walk({ watched, outside }: { watched: readonly string[]; outside?: string }): Here {
  const here: Here = { files: [], folders: [] }
  const visit = (folder: string) => {
    here.folders.push(folder)
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.isDirectory()) visit(join(folder, entry.name))
      else if (entry.isFile() && entry.name !== KEPT_NAME) here.files.push(join(folder, entry.name))
    }
  }
  for (const top of outside === undefined ? watched : [...watched, outside]) visit(top)
  return here
}

let contents = 0

/** Never the same twice. */
function bytes(random: Random, size = random.below(10) === 0 ? 0 : random.below(5000)): Buffer {
  contents += 1
  return Buffer.alloc(size, `${contents} `)
}

function place(random: Random, { folders }: Here): string {
  return join(random.pick(folders) as string, random.pick(NAMES) as string)
}

function below({ watched, outside }: World, { files, folders }: Here): string[] {
  const tops = new Set([...watched, outside])
  return [...files, ...folders.filter((folder) => !tops.has(folder))]
}

function createFile({ base }: World, random: Random, here: Here): string {
  const path = place(random, here)
  writeFileSync(path, bytes(random))
  return `write ${relative(base, path)}`
}

function appendFile({ base }: World, random: Random, { files }: Here): string {
  const path = random.pick(files) ?? ''
  appendFileSync(path, bytes(random))
  return `append to ${relative(base, path)}`
}

function rewriteFile({ base }: World, random: Random, { files }: Here): string {
  const path = random.pick(files) ?? ''
  writeFileSync(path, bytes(random))
  return `rewrite ${relative(base, path)}`
}

function replaceAtomically({ base }: World, random: Random, { files }: Here): string {
  const path = random.pick(files)
  if (path === undefined) return 'no file to replace'
  writeFileSync(`${path}~`, bytes(random))
  renameSync(`${path}~`, path)
  return `replace ${relative(base, path)}`
}

function removeAndCreate({ base }: World, random: Random, here: Here): string {
  const path = random.pick(here.files) ?? ''
  const other = random.chance(0.5) ? path : place(random, here)
  unlinkSync(path)
  writeFileSync(other, bytes(random))
  return `remove ${relative(base, path)} and write ${relative(base, other)}`
}

function createFolder({ base }: World, random: Random, here: Here): string {
  const path = place(random, here)
  mkdirSync(path)
  return `mkdir ${relative(base, path)}`
}

function createTree({ base }: World, random: Random, here: Here): string {
  const path = place(random, here)
  for (const folder of ['', 'a', 'b', 'a/c']) {
    mkdirSync(join(path, folder), { recursive: true })
    for (const name of ['x', 'y']) writeFileSync(join(path, folder, name), bytes(random))
  }
  return `make a tree at ${relative(base, path)}`
}

function createDeep({ base }: World, random: Random, here: Here): string {
  const path = join(place(random, here), 'a', 'b', 'c', 'd')
  mkdirSync(path, { recursive: true })
  writeFileSync(join(path, 'e'), bytes(random))
  return `mkdir -p ${relative(base, path)} and write e`
}

function renameAny(world: World, random: Random, here: Here): string {
  const from = random.pick(below(world, here)) ?? ''
  const to = place(random, here)
  renameSync(from, to)
  return `mv ${relative(world.base, from)} ${relative(world.base, to)}`
}

function renameOver(world: World, random: Random, { files }: Here): string {
  const from = random.pick(files) ?? ''
  const to = random.pick(files) ?? ''
  renameSync(from, to)
  return `mv ${relative(world.base, from)} over ${relative(world.base, to)}`
}

function removeAny(world: World, random: Random, here: Here): string {
  const path = random.pick(below(world, here)) ?? ''
  rmSync(path, { recursive: true })
  return `rm -r ${relative(world.base, path)}`
}

function makeLink({ base }: World, random: Random, here: Here): string {
  const from = random.pick(here.files) ?? ''
  const to = place(random, here)
  linkSync(from, to)
  return `ln ${relative(base, from)} ${relative(base, to)}`
}

function exchangeAny(world: World, random: Random, here: Here): string {
  const one = random.pick(below(world, here)) ?? ''
  const other = random.pick(below(world, here)) ?? ''
  exchangeNames(one, other)
  return `exchange ${relative(world.base, one)} and ${relative(world.base, other)}`
}

function swapThroughThird(world: World, random: Random, here: Here): string {
  const one = random.pick(below(world, here)) ?? ''
  const other = random.pick(below(world, here)) ?? ''
  if (other.startsWith(one) || one.startsWith(other)) return 'no swap of a folder with what is in it'
  renameSync(one, `${one}~`)
  renameSync(other, one)
  renameSync(`${one}~`, other)
  return `swap ${relative(world.base, one)} and ${relative(world.base, other)} through a third name`
}

function touchFile({ base }: World, random: Random, { files }: Here): string {
  const path = random.pick(files) ?? ''
  utimesSync(path, 1, 1_000_000_000 + random.below(1_000_000_000) / 1000)
  return `touch ${relative(base, path)}`
}

function changeMode(world: World, random: Random, here: Here): string {
  const path = random.pick(below(world, here)) ?? ''
  chmodSync(path, random.chance(0.5) ? 0o755 : 0o775)
  return `chmod ${relative(world.base, path)}`
}

function copyWithTime({ base }: World, random: Random, here: Here): string {
  const from = random.pick(here.files) ?? ''
  const to = place(random, here)
  copyFileSync(from, to)
  const { atime, mtime } = lstatSync(from)
  utimesSync(to, atime, mtime)
  return `cp -p ${relative(base, from)} ${relative(base, to)}`
}

function becomeFolder({ base }: World, random: Random, { files }: Here): string {
  const path = random.pick(files) ?? ''
  unlinkSync(path)
  mkdirSync(path)
  writeFileSync(join(path, 'a'), bytes(random))
  return `make ${relative(base, path)} a folder`
}

function openForWriting({ base, open, mayLeaveOpen }: World, random: Random, here: Here): string {
  if (!mayLeaveOpen) return 'nothing is left open this time'
  const path = place(random, here)
  open.set(openSync(path, 'a'), relative(base, path))
  return `open ${relative(base, path)}`
}

function writeMore({ open }: World, random: Random): string {
  const fd = random.pick([...open.keys()])
  if (fd === undefined) return 'nothing is open'
  writeSync(fd, bytes(random))
  return `write to what was opened as ${open.get(fd)}`
}

function closeOpen({ open }: World, random: Random): string {
  const fd = random.pick([...open.keys()])
  if (fd === undefined) return 'nothing is open'
  const name = open.get(fd)
  open.delete(fd)
  closeSync(fd)
  return `close what was opened as ${name}`
}
