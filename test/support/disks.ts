/** Disks for tests: real filesystems in image files, on loop devices, mounted where only this process sees them. */
import { execFileSync } from 'node:child_process'
import {
  closeSync,
  lstatSync,
  mkdtempSync,
  openSync,
  realpathSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import koffi from 'koffi'
import type { Cleaner } from './cleaner.ts'
import { enterOwnMounts } from './own-mounts.ts'
import { until } from './until.ts'

export type DiskType = 'ext4' | 'btrfs' | 'xfs'

export type Disk = {
  readonly type: DiskType
  readonly image: string
}

export type Disks = {
  /** A new filesystem, not mounted. */
  readonly create: (type: DiskType) => Disk
  /** Mounts it, on the given loop device if there is one, and waits until that is free. Gives the loop device. */
  readonly mount: (
    disk: Disk,
    path: string,
    how?: { readonly device?: string; readonly options?: string },
  ) => Promise<string>
  /** The loop device by which it was mounted last. */
  readonly deviceOf: (disk: Disk) => string
  /** An empty filesystem in memory. */
  readonly mountMemory: (path: string) => void
  /**
   * Mounts a filesystem whose server never answers, so that every look at it waits. Gives a function that kills the
   * server.
   */
  readonly mountDead: (path: string) => () => void
  readonly bind: (from: string, path: string) => void
  /** Mounts it somewhere else for a moment, to change it while it is away. */
  readonly change: (disk: Disk, work: (path: string) => void) => Promise<void>
  /** Makes everything from this byte on unreadable, unless it is in memory already. */
  readonly damage: (disk: Disk, fromByte: number) => void
  /** Makes it readable again. */
  readonly mend: (disk: Disk) => void
  /** Waits until the loop device is free again, unless it is lazy. */
  readonly unmount: (path: string, how?: 'plainly' | 'lazily') => Promise<void>
}

const mountCall = koffi
  .load('libc.so.6')
  .func('int mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data)')

/** Just above the smallest size of each filesystem. The images are sparse. */
const IMAGE_BYTES = { ext4: 24 << 20, btrfs: 120 << 20, xfs: 320 << 20 } as const
const MAKE: Readonly<Record<DiskType, readonly string[]>> = {
  ext4: ['mkfs.ext4', '-q', '-F'],
  btrfs: ['mkfs.btrfs', '-q', '-f'],
  xfs: ['mkfs.xfs', '-q', '-f'],
}

/** Why the tests that need disks of these types can't run here; false if they can. For `skip`. */
export function noDisks(...types: readonly DiskType[]): string | false {
  const refusal = enterOwnMounts()
  if (refusal !== false) return refusal
  for (const type of types) {
    const program = MAKE[type][0] as string
    if (!succeeds('sh', ['-c', `command -v ${program}`])) return `needs ${program}, which is not installed`
    if (!isSupported(type)) return `needs a kernel with ${type}`
  }
  return succeeds('losetup', ['--find']) ? false : 'needs a free loop device'
}

/** To be called before a program that watches the disks is started: clean-ups run in the order of the calls. */
export function createDisks(t: Cleaner): Disks {
  // Removed below, after everything in it is unmounted.
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'drive-feed-disks-')))
  const mounted = new Set<string>()
  const killers: (() => void)[] = []
  const devices = new Map<string, string>()
  let created = 0
  const cleanUp = () => {
    // Even unmounting would wait for a server that does not answer.
    for (const kill of killers) kill()
    for (const path of [...mounted].reverse()) succeeds('umount', ['--lazy', path])
    mounted.clear()
    rmSync(folder, { recursive: true, force: true })
  }
  t.after(cleanUp)
  process.once('exit', cleanUp)
  const isAttached = (image: string) =>
    run('losetup', ['--noheadings', '--output', 'NAME', '--associated', image]) !== ''
  const unmount: Disks['unmount'] = async (path, how = 'plainly') => {
    // A program may still be looking at it, but not for long.
    if (how === 'lazily') run('umount', ['--lazy', path])
    else await until(`${path} to be unmounted`, () => succeeds('umount', [path]))
    mounted.delete(path)
  }
  const mount: Disks['mount'] = async ({ type, image }, path, { device, options = 'defaults' } = {}) => {
    const isShared = devices.has(image) && isAttached(image)
    const at = isShared ? (devices.get(image) as string) : await attach(image, device)
    try {
      run('mount', ['--types', type, '--options', options, at, path])
    } finally {
      // The last unmount detaches it.
      if (!isShared) run('losetup', ['--detach', at])
    }
    devices.set(image, at)
    mounted.add(path)
    return at
  }
  return {
    mount,
    unmount,
    change: async (disk, work) => {
      const path = mkdtempSync(join(folder, 'elsewhere-'))
      await mount(disk, path)
      work(path)
      await unmount(path)
    },
    damage: ({ image }, fromByte) => {
      run('cp', ['--sparse=always', image, `${image}.sound`])
      truncateSync(image, fromByte)
    },
    // Written into the same file, which the loop device has open.
    mend: ({ image }) => {
      run('dd', [`if=${image}.sound`, `of=${image}`, 'bs=1M', 'conv=notrunc,sparse', 'status=none'])
      truncateSync(image, statSync(`${image}.sound`).size)
    },
    create: (type) => {
      created += 1
      const image = join(folder, `disk-${created}.${type}`)
      writeFileSync(image, '')
      truncateSync(image, IMAGE_BYTES[type])
      run('env', [`PATH=${PATH}`, ...MAKE[type], image])
      return { type, image }
    },
    deviceOf: ({ image }) => devices.get(image) ?? '',
    mountMemory: (path) => {
      run('mount', ['--types', 'tmpfs', 'drive-feed-test', path])
      mounted.add(path)
    },
    mountDead: (path) => {
      let fd: number | null = openSync('/dev/fuse', 'r+')
      const options = `fd=${fd},rootmode=40000,user_id=0,group_id=0`
      if (mountCall('drive-feed-test', path, 'fuse', 0, options) !== 0)
        throw new Error(`mount(2): errno ${koffi.errno()}`)
      mounted.add(path)
      const kill = () => {
        if (fd !== null) closeSync(fd)
        fd = null
      }
      killers.push(kill)
      return kill
    },
    bind: (from, path) => {
      run('mount', ['--bind', from, path])
      mounted.add(path)
    },
  }
}

/** `st_dev` of what is at a path. */
export function deviceNumber(path: string): bigint {
  return lstatSync(path, { bigint: true }).dev
}

async function attach(image: string, device: string | undefined): Promise<string> {
  if (device === undefined) return run('losetup', ['--find', '--show', image]).trim()
  // The kernel frees it a moment after the unmount, and another program may take it first.
  await until(`${device} to be free`, () => succeeds('losetup', [device, image]))
  return device
}

function isSupported(type: DiskType): boolean {
  return run('cat', ['/proc/filesystems']).split(/\s+/).includes(type)
}

const PATH = `${process.env.PATH}:/usr/sbin:/sbin`

function run(program: string, args: readonly string[]): string {
  return execFileSync(program, args, { encoding: 'latin1', stdio: 'pipe', env: { ...process.env, PATH } })
}

function succeeds(program: string, args: readonly string[]): boolean {
  try {
    run(program, args)
    return true
  } catch {
    return false
  }
}

/** Runs a program of the system, as for `btrfs subvolume`. */
export function command(program: string, ...args: readonly string[]): string {
  return run(program, args)
}
