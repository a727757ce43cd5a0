/** The filesystems that the churn runs on: how each is made and mounted, and what it can't report or keep. */
import type { OperationName } from './operations.ts'

/**
 * - `image`: an image file on a loop device, mounted by the kernel, or by a program that serves it through FUSE.
 * - `memory`: tmpfs.
 * - `layers`: overlayfs, with files in its lower layer.
 * - `branches`: a program that shows other folders.
 */
export type Way =
  | {
      readonly kind: 'image'
      readonly type: string
      readonly bytes: number
      readonly make: readonly string[]
      readonly serve?: (device: string, path: string) => readonly string[]
    }
  | { readonly kind: 'memory' }
  | { readonly kind: 'layers' }
  | {
      readonly kind: 'branches'
      readonly count: number
      readonly serve: (branches: readonly string[], path: string) => readonly string[]
    }

export type Filesystem = {
  readonly name: string
  readonly way: Way
  /** Whether a file keeps its inode number at the next mount. */
  readonly numbersLast: boolean
  /**
   * - `file`: a folder keeps its number. - `path`: a renamed folder gets another number, and a folder that takes its
   *   place gets its old one.
   */
  readonly foldersAreNumberedBy: 'file' | 'path'
  /** Whether all names of a file have one number, and a write through one shows at the others immediately. */
  readonly linksShareNumbers: boolean
  /** Whether two spellings that differ in case are one name. */
  readonly foldsCase: boolean
  /** Names that it refuses; null if it takes them all. A rename to one makes the kernel forget the file's number. */
  readonly refuses: RegExp | null
  /** Whether its files are still there after an unmount. */
  readonly survivesUnmount: boolean
  /** Whether two writes one after the other have two ctimes. Otherwise only a close shows the second one. */
  readonly tellsWritesApart: boolean
  /**
   * How many files of each history look like new ones once they are touched: a copy from the lower layer has its own
   * birth time.
   */
  readonly copiedUp: number
  /** How old the attributes may be that the kernel shows by another name of a file (FUSE's `attr_timeout`). */
  readonly attributesMs: number
  /** Names that the config leaves out: files that the filesystem itself makes and removes without an event. */
  readonly excludes: readonly string[]
  /** Operations that nobody could notice there, and why. Refused operations are not listed: they change nothing. */
  readonly without: Readonly<Partial<Record<OperationName, string>>>
}

const FULL = {
  numbersLast: true,
  foldersAreNumberedBy: 'file',
  linksShareNumbers: true,
  foldsCase: false,
  refuses: null,
  survivesUnmount: true,
  tellsWritesApart: true,
  copiedUp: 0,
  attributesMs: 0,
  excludes: [],
  without: {},
} as const

const MIB = 1 << 20
/**
 * libfuse's own inode numbers, given out as names are met. A kernel that is short of memory forgets them sooner, which
 * is left out. A file that is removed while a program has it open, even for reading, stays under a hidden name until it
 * is closed.
 */
const SERVED = {
  ...FULL,
  numbersLast: false,
  linksShareNumbers: false,
  attributesMs: 1_000,
  excludes: ['.fuse_hidden*'],
} as const

/** Options of all these programs: other users than their owner look at the filesystem too. */
export const FILESYSTEMS: readonly Filesystem[] = [
  { ...FULL, name: 'tmpfs', way: { kind: 'memory' }, survivesUnmount: false },
  {
    ...FULL,
    name: 'overlay',
    way: { kind: 'layers' },
    copiedUp: 6,
    // Mappings are of the file in the lower layer: neither their end nor their writes are reported.
    without: { map: 'the end of a mapping is not reported', writeMapped: 'as map' },
  },
  { ...FULL, name: 'ext4', way: { kind: 'image', type: 'ext4', bytes: 192 * MIB, make: ['mkfs.ext4', '-q', '-F'] } },
  {
    ...FULL,
    name: 'ext4-128',
    way: { kind: 'image', type: 'ext4', bytes: 192 * MIB, make: ['mkfs.ext4', '-q', '-F', '-I', '128'] },
    // Times in whole seconds, and no birth times.
    tellsWritesApart: false,
  },
  { ...FULL, name: 'ext2', way: { kind: 'image', type: 'ext2', bytes: 192 * MIB, make: ['mkfs.ext2', '-q', '-F'] } },
  { ...FULL, name: 'xfs', way: { kind: 'image', type: 'xfs', bytes: 512 * MIB, make: ['mkfs.xfs', '-q', '-f'] } },
  { ...FULL, name: 'btrfs', way: { kind: 'image', type: 'btrfs', bytes: 512 * MIB, make: ['mkfs.btrfs', '-q', '-f'] } },
  {
    ...SERVED,
    name: 'mergerfs',
    way: {
      kind: 'branches',
      count: 2,
      serve: (branches, path) => ['mergerfs', '-f', '-o', 'minfreespace=0,allow_other', branches.join(':'), path],
    },
  },
  {
    ...SERVED,
    name: 'mergerfs-ino',
    way: {
      kind: 'branches',
      count: 2,
      serve: (branches, path) => [
        ...['mergerfs', '-f', '-o', 'minfreespace=0,allow_other,use_ino,cache.files=off'],
        ...[branches.join(':'), path],
      ],
    },
    // `inodecalc=hybrid-hash`, its default: files keep their numbers, but nothing shows that they do.
    foldersAreNumberedBy: 'path',
  },
  {
    ...SERVED,
    name: 'exfat',
    way: {
      kind: 'image',
      type: 'exfat',
      bytes: 512 * MIB,
      make: ['mkfs.exfat'],
      serve: (device, path) => ['mount.exfat-fuse', '-d', '-o', 'allow_other', device, path],
    },
    foldsCase: true,
    // Control characters, those with a meaning on Windows, and what is not UTF-16.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are meant
    refuses: /[\x00-\x1f"*/:<>?\\|\ud800-\udfff]/,
    // Times in whole seconds, and a ctime that is the mtime.
    tellsWritesApart: false,
    // mknod(2) fails there, and leaves a file without an event.
    without: { makeOdd: 'a refused FIFO leaves a file, which is not reported', becomeOdd: 'as makeOdd' },
  },
  {
    ...SERVED,
    name: 'ntfs',
    way: {
      kind: 'image',
      type: 'ntfs',
      bytes: 256 * MIB,
      make: ['mkfs.ntfs', '-q', '-Q', '-F'],
      serve: (device, path) => ['ntfs-3g', '-o', 'no_detach,allow_other', device, path],
    },
  },
  {
    ...SERVED,
    name: 'bindfs',
    // It passes on the numbers of the files it shows, but nothing shows that they last.
    way: {
      kind: 'branches',
      count: 1,
      serve: ([branch], path) => ['bindfs', '-f', branch as string, path],
    },
  },
]
