/** Operations of people and programs on files: in the watched folders and one outside. */
import { closeSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { setMtimeAlone, truncateByPath } from '../support/writer-calls.ts'
import { below, choose, next } from './choice.ts'
import { disk } from './disk.ts'
import { MOUNTING } from './mounting.ts'
import { anyOf, bytes, fileOf, NOTHING, placeIn } from './places.ts'
import { type Here, KEPT_NAME, noteLink, shown, type World } from './world.ts'
import { WRITERS } from './writers.ts'

/**
 * Does one thing, chosen by the number, and gives a line about it. Throws a system error if that is not possible now.
 */
export type Operation = (world: World, at: number, here: Here) => string

/** With more entries than this only removals are done. */
const ENTRIES_MAX = 400
/**
 * The same for the characters of a path: what is moved below it may make it twice as long, and the kernel takes 4,096
 * bytes.
 */
const PATH_MAX = 1_000
const BURST_FILES = 5_000

/** Does an operation, and gives a line about what was done or why it was not possible. */
export function operate(world: World, name: OperationName, at: number, here: Here): string {
  const all = [...here.files, ...here.folders]
  const isTooLong = all.some((path) => path.length > PATH_MAX)
  if (isTooLong && world.isCalm) return 'nothing more, since paths could become too long'
  const reason = world.filesystem?.without[name]
  if (reason !== undefined) return `${name}: left out here: ${reason}`
  const operation = (all.length > ENTRIES_MAX && !isCalm(name)) || isTooLong ? OPERATIONS.remove : OPERATIONS[name]
  try {
    return operation(world, at, here)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    return `${name}: not possible: ${message.replaceAll(`${world.base}/`, '')}`
  }
}

function fillTree(world: World, path: string, at: number): void {
  for (const folder of ['', '/a', '/b', '/a/c']) {
    disk.mkdirs(`${path}${folder}`)
    for (const name of ['x', 'y']) disk.write(`${path}${folder}/${name}`, bytes(world, at))
  }
}

/** rename(2), also over a file; in calm rounds, where nothing may be lost, only to a free name that is listed. */
function move({ isCalm, isExcluded, filesystem }: World, from: string, to: string): void {
  // If names fold, the other spelling finds the file itself.
  const isItself = filesystem?.foldsCase === true && from !== to && from.toLowerCase() === to.toLowerCase()
  const isFree = () => !isExcluded(to.slice(dirname(to).length + 1)) && (isItself || !disk.exists(to))
  if (isCalm && !isFree()) throw Object.assign(new Error(`${to} is taken`), { code: 'taken' })
  disk.rename(from, to)
}

function inOtherCase(name: string): string {
  return name === name.toUpperCase() ? name.toLowerCase() : name.toUpperCase()
}

/**
 * Times of 1901 and before, −1 s, 2255 and 2300, 9999, one where two roundings of a double differ, and one beyond every
 * calendar.
 */
const FAR_SECONDS = [
  ...[-2_147_483_648n, -62_135_596_801n, -1n, 9_007_199_254n, 10_413_792_000n, 253_402_300_799n],
  ...[576_461_000_000n, 910_692_730_085n, 1_152_921_000_000n, 2n ** 62n, -(2n ** 62n)],
]

const RENAMES = {
  rename: (world, at, here) => {
    const from = anyOf(at, world, here)
    const to = `${dirname(from)}/${choose(next(at, 2), world.names)}`
    move(world, from, to)
    return `mv ${shown(world, from)} ${shown(world, to)}`
  },
  move: (world, at, here) => {
    const [from, to] = [anyOf(at, world, here), placeIn(at, world, here)]
    move(world, from, to)
    return `mv ${shown(world, from)} ${shown(world, to)}`
  },
  chain: (world, at, here) => {
    const from = anyOf(at, world, here)
    const steps = [1, 2, 3].map((step) => `${dirname(from)}/${choose(next(at, 10 + step), world.names)}`)
    let path = from
    for (const to of below(at, 2) === 0 ? steps : [...steps, from]) {
      move(world, path, to)
      path = to
    }
    return `mv ${shown(world, from)} by way of ${steps.map((step) => shown(world, step)).join(', ')} to ${shown(world, path)}`
  },
  changeCase: (world, at, here) => {
    const from = anyOf(at, world, here)
    const name = from.slice(dirname(from).length + 1)
    const to = `${dirname(from)}/${inOtherCase(name)}`
    move(world, from, to)
    return `mv ${shown(world, from)} ${shown(world, to)}`
  },
  exchange: (world, at, here) => {
    const [one, other] = [anyOf(at, world, here), anyOf(next(at, 20), world, here)]
    disk.exchange(one, other)
    return `exchange ${shown(world, one)} and ${shown(world, other)}`
  },
  swapThroughThird: (world, at, here) => {
    const [one, other] = [anyOf(at, world, here), anyOf(next(at, 20), world, here)]
    if (`${other}/`.startsWith(`${one}/`) || `${one}/`.startsWith(`${other}/`))
      return 'no swap of a folder with its own'
    const third = `${dirname(one)}/third`
    move(world, one, third)
    move(world, other, one)
    move(world, third, other)
    return `swap ${shown(world, one)} and ${shown(world, other)} through a third name`
  },
  changeMode: (world, at, here) => {
    const path = anyOf(at, world, here)
    disk.chmod(path, below(at, 2) === 0 ? 0o755 : 0o775)
    return `chmod ${shown(world, path)}`
  },
} satisfies Record<string, Operation>

const CONTENTS = {
  create: (world, at, here) => {
    const path = placeIn(at, world, here)
    disk.write(path, bytes(world, at))
    return `write ${shown(world, path)}`
  },
  append: (world, at, here) => {
    const path = fileOf(at, here)
    disk.append(path, bytes(world, at))
    return `append to ${shown(world, path)}`
  },
  rewrite: (world, at, here) => {
    const path = fileOf(at, here)
    disk.write(path, bytes(world, at))
    return `rewrite ${shown(world, path)}`
  },
  truncate: (world, at, here) => {
    const path = fileOf(at, here)
    const size = below(at, 2) === 0 ? below(next(at, 5), disk.stat(path).size) : 500_000
    disk.truncate(path, size)
    return `truncate ${shown(world, path)} to ${size}`
  },
  replaceAtomically: (world, at, here) => {
    const path = fileOf(at, here)
    // Half of the temporary names are excluded, so the file seems to come from nowhere.
    const temporary = below(at, 2) === 0 ? `${path}~` : `${dirname(path)}/temporary.__tmp__`
    disk.write(temporary, bytes(world, at))
    disk.rename(temporary, path)
    return `replace ${shown(world, path)} by ${shown(world, temporary)}`
  },
  removeAndCreate: (world, at, here) => {
    const path = fileOf(at, here)
    const other = below(at, 2) === 0 ? path : placeIn(at, world, here)
    disk.unlink(path)
    disk.write(other, bytes(world, at))
    return `rm ${shown(world, path)} and write ${shown(world, other)}`
  },
  truncateByPath: (world, at, here) => {
    const path = fileOf(at, here)
    const size = below(at, 2) === 0 ? below(next(at, 5), disk.stat(path).size) : 400_000
    truncateByPath(path, size)
    return `truncate(2) ${shown(world, path)} to ${size}`
  },
  touchModified: (world, at, here) => {
    const path = fileOf(at, here)
    setMtimeAlone(path, BigInt(1_000_000_000 + below(at, 1_000_000_000)), BigInt(below(next(at, 5), 1e9)))
    return `touch -m ${shown(world, path)}`
  },
  touchFar: (world, at, here) => {
    const path = fileOf(at, here)
    const seconds = FAR_SECONDS[below(at, FAR_SECONDS.length)] as bigint
    setMtimeAlone(path, seconds, BigInt(below(next(at, 5), 1e9)))
    return `touch -m ${shown(world, path)} at ${seconds} s`
  },
  appendByOtherCase: (world, at, here) => {
    if (world.filesystem?.foldsCase !== true) return 'no other spelling here'
    const path = fileOf(at, here)
    const other = `${dirname(path)}/${inOtherCase(path.slice(dirname(path).length + 1))}`
    disk.append(other, bytes(world, at))
    return `append to ${shown(world, path)} as ${shown(world, other)}`
  },
  touch: (world, at, here) => {
    const path = fileOf(at, here)
    disk.touch(path, 1, 1_000_000_000 + below(at, 1_000_000_000) / 1000)
    return `touch ${shown(world, path)}`
  },
  copyWithTime: (world, at, here) => {
    const [from, to] = [fileOf(at, here), placeIn(at, world, here)]
    disk.copy(from, to)
    const { atime, mtime } = disk.stat(from)
    disk.touch(to, atime, mtime)
    return `cp -p ${shown(world, from)} ${shown(world, to)}`
  },
  renameOver: (world, at, here) => {
    const [from, to] = [fileOf(at, here), fileOf(next(at, 20), here)]
    disk.rename(from, to)
    return `mv ${shown(world, from)} over ${shown(world, to)}`
  },
  remove: (world, at, here) => {
    const path = anyOf(at, world, here)
    disk.remove(path)
    return `rm -r ${shown(world, path)}`
  },
} satisfies Record<string, Operation>

const FOLDERS = {
  mkdir: (world, at, here) => {
    const path = placeIn(at, world, here)
    disk.mkdir(path)
    return `mkdir ${shown(world, path)}`
  },
  makeTree: (world, at, here) => {
    const path = placeIn(at, world, here)
    fillTree(world, path, at)
    return `make a tree at ${shown(world, path)}`
  },
  makeDeep: (world, at, here) => {
    const path = `${placeIn(at, world, here)}/a/b/c/d`
    disk.mkdirs(path)
    disk.write(`${path}/e`, bytes(world, at))
    return `mkdir -p ${shown(world, path)} and write e`
  },
  removeWhileWriting: (world, at, here) => {
    const path = placeIn(at, world, here)
    fillTree(world, path, at)
    disk.remove(`${path}/a`)
    disk.mkdirs(`${path}/a/d`)
    disk.write(`${path}/a/d/e`, bytes(world, at))
    if (below(at, 2) === 0) disk.remove(path)
    return `make a tree at ${shown(world, path)} and remove ${below(at, 2) === 0 ? 'it' : 'half of it'} meanwhile`
  },
  replaceFolder: (world, at, here) => {
    const path = anyOf(at, world, { ...here, files: [] })
    if (below(at, 2) === 0) disk.remove(path)
    else disk.rename(path, placeIn(next(at, 6), world, here))
    disk.mkdir(path)
    disk.write(`${path}/a`, bytes(world, at))
    return `${below(at, 2) === 0 ? 'remove' : 'move away'} ${shown(world, path)} and make another folder there`
  },
  fileBecomesFolder: (world, at, here) => {
    const path = fileOf(at, here)
    disk.unlink(path)
    disk.mkdir(path)
    disk.write(`${path}/a`, bytes(world, at))
    return `make ${shown(world, path)} a folder`
  },
  folderBecomesFile: (world, at, here) => {
    const path = anyOf(at, world, { ...here, files: [] })
    disk.remove(path)
    disk.write(path, bytes(world, at))
    return `make ${shown(world, path)} a file`
  },
  burst: (world, at, here) => {
    for (const folder of here.folders.filter((path) => path.endsWith('/burst'))) disk.remove(folder)
    const path = `${choose(next(at, 1), world.watched)}/burst`
    disk.mkdir(path)
    for (let file = 0; file < BURST_FILES; file += 1) disk.write(`${path}/${file}`, bytes(world, at, file % 3))
    return `write ${BURST_FILES} files in ${shown(world, path)}`
  },
} satisfies Record<string, Operation>

const ODDITIES = {
  link: (world, at, here) => {
    const [from, to] = [fileOf(at, here), placeIn(at, world, here)]
    disk.link(from, to)
    noteLink(world, disk.stat(to).ino)
    return `ln ${shown(world, from)} ${shown(world, to)}`
  },
  linkAndRemoveFirst: (world, at, here) => {
    const [from, to] = [fileOf(at, here), placeIn(at, world, here)]
    disk.link(from, to)
    noteLink(world, disk.stat(to).ino)
    disk.unlink(from)
    return `ln ${shown(world, from)} ${shown(world, to)} and rm the first`
  },
  symlink: (world, at, here) => {
    const path = placeIn(at, world, here)
    const target = ['.', '..', 'nowhere', path.slice(dirname(path).length + 1), world.outside][below(at, 5)] as string
    disk.symlink(target.isWellFormed() ? target : '.', path)
    return `ln -s ${shown(world, target)} ${shown(world, path)}`
  },
  becomeOdd: (world, at, here) => {
    const path = fileOf(at, here)
    disk.unlink(path)
    const kind = (['symlink', 'fifo', 'socket'] as const)[below(at, 3)] ?? 'fifo'
    if (kind === 'symlink') disk.symlink(KEPT_NAME, path)
    else disk[kind](path)
    return `make ${shown(world, path)} a ${kind}`
  },
  makeOdd: (world, at, here) => {
    const path = placeIn(at, world, here)
    const kind = below(at, 2) === 0 ? 'fifo' : 'socket'
    disk[kind](path)
    return `make the ${kind} ${shown(world, path)}`
  },
  oddBecomesFile: (world, at, here) => {
    const path = choose(at, here.others) ?? NOTHING
    disk.unlink(path)
    disk.write(path, bytes(world, at))
    return `make ${shown(world, path)} a file`
  },
  openForWriting: (world, at, here) => {
    if (!world.mayLeaveOpen) return 'nothing is left open this time'
    const path = placeIn(at, world, here)
    world.open.set(disk.open(path), path)
    return `open ${shown(world, path)}`
  },
  writeMore: (world, at) => {
    const fd = [...world.open.keys()][below(at, world.open.size)]
    if (fd === undefined) return 'nothing is open'
    writeSync(fd, bytes(world, at))
    return `write to what was opened as ${shown(world, world.open.get(fd) ?? '')}`
  },
  close: (world, at) => {
    const fd = [...world.open.keys()][below(at, world.open.size)]
    if (fd === undefined) return 'nothing is open'
    const path = world.open.get(fd) ?? ''
    world.open.delete(fd)
    closeSync(fd)
    return `close what was opened as ${shown(world, path)}`
  },
} satisfies Record<string, Operation>

export const OPERATIONS = { ...RENAMES, ...CONTENTS, ...FOLDERS, ...ODDITIES, ...WRITERS, ...MOUNTING }
export type OperationName = keyof typeof OPERATIONS

/** Operations that leave every file's bytes and every id as they are. */
export const CALM: readonly OperationName[] = [...(Object.keys(RENAMES) as (keyof typeof RENAMES)[]), 'lease']

/** Done often, so that the other operations have something to work on. */
const OFTEN: readonly OperationName[] = ['create', 'create', 'create', 'makeTree', 'mkdir', 'move', 'move', 'rename']
/** All operations but the burst, which takes long. An operation is as likely as it is listed often. */
export const ANY: readonly OperationName[] = [
  ...(Object.keys(OPERATIONS) as OperationName[]).filter((name) => name !== 'burst'),
  ...OFTEN,
]

function isCalm(name: OperationName): boolean {
  return CALM.includes(name)
}
