/** The filesystems that the churn runs on: how each is made and mounted, and what it can't tell or keep. */
import type { OperationName } from './operations.ts'

/**
 * - `image`: in an image file on a loop device, mounted by the kernel, or by a program that serves it through FUSE.
 * - `memory`: tmpfs. - `layers`: overlayfs, with files in its lower layer. - `branches`: a program that shows other folders.
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
  /** Whether a file has the same inode number after the next mount. */
  readonly numbersLast: boolean
  /** - `file`: its inode's. - `path`: a folder that is renamed has another one, and what takes its place has its own. */
  readonly foldersAreNumberedBy: 'file' | 'path'
  /** Whether all names of a file have one number, and a write through one is seen at the others at once. */
  readonly linksShareNumbers: boolean
  /** Whether two spellings that differ in case are one name. */
  readonly foldsCase: boolean
  /** Names that it refuses; null where it takes them all. To rename to one makes the kernel forget the file's number. */
  readonly refuses: RegExp | null
  /** Whether what is unmounted comes back. */
  readonly survivesUnmount: boolean
  /** Whether two writes one after the other have two ctimes: otherwise only their closes tell of the second one. */
  readonly tellsWritesApart: boolean
  /** Files of each history that look like others once they are touched: a copy from the lower layer has its own birth time. */
  readonly copiedUp: number
  /** The kernel may show attributes, by another name of the file, that are so old (FUSE's `attr_timeout`). */
  readonly attributesMs: number
  /** Names to be left out by the config: what the filesystem makes and takes away itself, of which no event tells. */
  readonly excludes: readonly string[]
  /** What nobody could tell there, and why. What is refused there needs no mention: it then changes nothing. */
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
 * libfuse's own numbers, given out as names are met; a kernel that is short of memory forgets them sooner, which is left out. A file
 * that is removed while somebody has it open, be it to read it, stays under a hidden name until that ends.
 */
const SERVED = {
  ...FULL,
  numbersLast: false,
  linksShareNumbers: false,
  attributesMs: 1_000,
  excludes: ['.fuse_hidden*'],
} as const

/** Options that all these programs know: others than their owner look at it too. */
export const FILESYSTEMS: readonly Filesystem[] = [
  { ...FULL, name: 'tmpfs', way: { kind: 'memory' }, survivesUnmount: false },
  {
    ...FULL,
    name: 'overlay',
    way: { kind: 'layers' },
    copiedUp: 6,
    // Its mappings are of the file in the layer below: their end is told to nobody, and neither is what they write.
    without: { map: 'the end of a mapping is not told', writeMapped: 'as map' },
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
    // `inodecalc=hybrid-hash`, its default: numbers of files last, but nothing tells that they do.
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
    // Control characters, those that mean something to Windows, and what is not UTF-16.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are meant
    refuses: /[\x00-\x1f"*/:<>?\\|\ud800-\udfff]/,
    // Whole seconds, and a ctime that is the mtime.
    tellsWritesApart: false,
    // mknod(2) fails there, and leaves a file of which nobody is told.
    without: { makeOdd: 'a refused FIFO leaves a file, which is not told', becomeOdd: 'as makeOdd' },
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
    // It hands through the numbers of what it shows, but nothing tells that they last.
    way: {
      kind: 'branches',
      count: 1,
      serve: ([branch], path) => ['bindfs', '-f', branch as string, path],
    },
  },
]
