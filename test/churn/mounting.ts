/** Operations that change the tree without a write: mounts, and subvolumes that come and go as a whole. */
import { command } from '../support/disks.ts'
import { bindAt, unbindAt } from './bind-mounts.ts'
import { bindsBelow } from './binds.ts'
import { choose, next } from './choice.ts'
import { disk } from './disk.ts'
import type { Operation } from './operations.ts'
import { anyOf, fileOf, folderOf, placeIn } from './places.ts'
import { type Here, shown, type World } from './world.ts'

/** Few, since each may double what there is to look at. */
const BINDS_MAX = 2
/** The inode number of the top of every btrfs subvolume. */
const SUBVOLUME_INODE = 256

export const MOUNTING = {
  bindFolder: (world, at, here) => {
    if (!mayBind(world)) return 'nothing more is mounted this time'
    return bind(world, folderOf(next(at, 20), here), anyOf(at, world, { ...here, files: [] }))
  },
  bindFile: (world, at, here) => {
    if (!mayBind(world)) return 'nothing more is mounted this time'
    return bind(world, fileOf(next(at, 20), here), fileOf(at, here))
  },
  unbind: (world) => {
    const path = bindsBelow(world.base).at(-1)
    if (path === undefined) return 'nothing is mounted'
    unbindAt(path)
    return `umount ${shown(world, path)}`
  },
  makeSubvolume: (world, at, here) => {
    if (!hasSubvolumes(world)) return 'no subvolumes here'
    const path = placeIn(at, world, here)
    subvolume('create', path)
    disk.write(`${path}/in the subvolume`, Buffer.from(path))
    return `btrfs subvolume create ${shown(world, path)}, and write into it`
  },
  snapshot: (world, at, here) => {
    const [from, to] = [subvolumeOf(world, at, here), placeIn(at, world, here)]
    if (from === undefined) return 'no subvolume here'
    subvolume('snapshot', from, to)
    return `btrfs subvolume snapshot ${shown(world, from)} ${shown(world, to)}`
  },
  deleteSubvolume: (world, at, here) => {
    const path = subvolumeOf(world, at, here)
    if (path === undefined || path === world.outside || world.watched.includes(path)) return 'no subvolume here'
    subvolume('delete', path)
    return `btrfs subvolume delete ${shown(world, path)}`
  },
} satisfies Record<string, Operation>

function mayBind({ mayMount, isCalm, base }: World): boolean {
  return mayMount && !isCalm && bindsBelow(base).length < BINDS_MAX
}

/**
 * Not across subvolumes: a part of another subvolume counts as a disk that is away once it is unmounted, and its nodes
 * are kept until the owner's word.
 */
function bind(world: World, from: string, path: string): string {
  if (disk.stat(from).dev !== disk.stat(path).dev) return 'no mount across subvolumes'
  bindAt(path, from)
  world.hasBound = true
  return `mount --bind ${shown(world, from)} ${shown(world, path)}`
}

function hasSubvolumes({ filesystem, isCalm }: World): boolean {
  return filesystem?.name === 'btrfs' && !isCalm
}

function subvolumeOf(world: World, at: number, { folders }: Here): string | undefined {
  if (!hasSubvolumes(world)) return undefined
  return choose(
    next(at, 20),
    folders.filter((path) => disk.stat(path).ino === SUBVOLUME_INODE),
  )
}

function subvolume(verb: string, ...paths: readonly string[]): void {
  try {
    if (!paths.every((path) => path.isWellFormed())) throw new Error('the name is not UTF-8')
    command('btrfs', 'subvolume', verb, ...paths)
  } catch (error) {
    throw Object.assign(new Error(`btrfs subvolume ${verb}: ${(error as Error).message.trim()}`), { code: 'btrfs' })
  }
}
