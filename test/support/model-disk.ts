/** A disk in memory: folders hold names, names stand for inodes, and freed inode numbers may be used again. */
import type { PlacedSight } from '../../services/indexer/src/model/observation.ts'
import { DEVICE } from './rows.ts'

export type Inode = {
  readonly number: number
  readonly birthTime: number
  size: number
  mtime: number
  ctime: number
  /** Null for a file. */
  readonly entries: Map<string, Inode> | null
}

/**
 * An event as the kernel reports it: at a name in a folder, or of a folder itself. `created` is reported for files
 * only, as a folder is never open for writing. `modified`: other bytes or another mtime, without a close.
 */
export type DiskEvent =
  | { readonly kind: 'created' | 'written' | 'modified' | 'touched'; readonly folder: Inode; readonly name: string }
  | { readonly kind: 'moved' | 'removed'; readonly folder: Inode }

export type ModelDiskOptions = {
  readonly reusesNumbers: boolean
  readonly keepsBirthTimes: boolean
  /** Whether a name is found by both of its spellings, as on exFAT. A listing gives the stored one. */
  readonly foldsCase?: boolean
  /** Folders at the top, which stay. If given, nothing else is at the top. */
  readonly tops?: readonly string[]
  readonly tell?: (event: DiskEvent) => void
  /** A top was mounted or unmounted. */
  readonly onMounts?: () => void
}

/** Numbers that choose among the operations that are possible at that moment. */
export type Choice = readonly [what: number, which: number, where: number, name: number]

/** Some of the operations, see `change`. */
export const [MAKE_FILE, REMOVE, REPLACE] = [1, 85, 99]
/** Operations from here on: writes that few events report, and renames that change only the case. */
export const [TRUNCATE, TOUCH_MODIFIED, OPEN, APPEND, CLOSE, CHANGE_CASE] = [100, 101, 102, 103, 104, 105]

/**
 * A file that is open for writing. The kernel reports its events at the name by which it was opened, wherever that
 * moves.
 */
type OpenFile = { folder: Inode; name: string; readonly inode: Inode }

/** A file in every top, so that no top is empty. */
const KEPT_NAME = 'kept'
const NAMES = ['a', 'b', 'c', 'd', 'e']

export class ModelDisk {
  readonly top: Inode
  #clock = 1
  #numbers = 1
  readonly #freed: number[] = []
  readonly reusesNumbers: boolean
  readonly #keepsBirthTimes: boolean
  readonly #tell: (event: DiskEvent) => void
  readonly #hasTops: boolean
  readonly #unmounted = new Map<string, Inode>()
  readonly #open = new Set<OpenFile>()
  readonly #emptied = new Set<string>()
  readonly #onMounts: () => void
  /** How often one of the tops was mounted or unmounted. */
  mountChanges = 0
  readonly #foldsCase: boolean

  constructor(options: ModelDiskOptions) {
    const { reusesNumbers, keepsBirthTimes, foldsCase = false, tops = [] } = options
    const { tell = () => {}, onMounts = () => {} } = options
    this.#onMounts = onMounts
    this.reusesNumbers = reusesNumbers
    this.#keepsBirthTimes = keepsBirthTimes
    this.#foldsCase = foldsCase
    this.#tell = tell
    this.#hasTops = tops.length > 0
    this.top = this.#make(true)
    for (const name of tops) {
      this.#put(this.top, name, true)
      this.#put(this.top.entries?.get(name) as Inode, KEPT_NAME, false)
    }
  }

  /** Every name, with the folder it is in, and its path. */
  *names(folder = this.top, path = ''): Generator<{ folder: Inode; name: string; inode: Inode; path: string }> {
    for (const [name, inode] of folder.entries ?? []) {
      yield { folder, name, inode, path: `${path}/${name}` }
      if (inode.entries !== null) yield* this.names(inode, `${path}/${name}`)
    }
  }

  linksOf(inode: Inode): number {
    const all = [this.top, ...this.#unmounted.values()].flatMap((top) => [...this.names(top)])
    return all.filter((other) => other.inode === inode).length
  }

  /** What a path of names from the top leads to; undefined if a name leads nowhere. */
  resolve(names: readonly string[]): Inode | undefined {
    let at: Inode | undefined = this.top
    for (const name of names) at = at && this.lookUp(at, name)
    return at
  }

  /** What a name in a folder leads to, in any case if the disk folds case. */
  lookUp(folder: Inode, name: string): Inode | undefined {
    const stored = this.#stored(folder, name)
    return stored === undefined ? undefined : folder.entries?.get(stored)
  }

  #stored(folder: Inode, name: string): string | undefined {
    if (folder.entries?.has(name) === true) return name
    if (!this.#foldsCase) return undefined
    return [...(folder.entries?.keys() ?? [])].find((other) => other.toLowerCase() === name.toLowerCase())
  }

  sight(inode: Inode | undefined): PlacedSight {
    if (inode === undefined) return { kind: 'gone' }
    const { number, birthTime, size, mtime, ctime, entries } = inode
    const facts = { device: DEVICE, inode: String(number), birthTime, size, mtime, ctime }
    return entries === null ? { kind: 'file', facts, links: this.linksOf(inode) } : { kind: 'folder', facts }
  }

  change([what, which, where, nameNumber]: Choice): void {
    this.#clock += 1
    const name = NAMES[nameNumber % NAMES.length] as string
    const below = Array.from(this.names(), ({ inode }) => inode).filter(({ entries }) => entries !== null)
    const folders = this.#hasTops ? below : [this.top, ...below]
    const folder = folders[where % folders.length] as Inode
    const all = [...this.names()].filter((one) => !this.#hasTops || (one.folder !== this.top && one.name !== KEPT_NAME))
    const one = all[which % Math.max(1, all.length)]
    if (what >= TRUNCATE) this.#writeQuietly(what, one, { folder, name, which })
    else if (one === undefined || what < 30) this.#put(folder, name, what % 3 === 0)
    else if (what < 65) this.#rename(one, folder, name)
    else if (what < 75) this.#exchange(one, all[where % all.length] as typeof one)
    else if (what < 82) this.#link(one.inode, folder, name)
    else if (what < 92) this.#remove(one.folder, one.name)
    else if (one.inode.entries !== null) return
    else if (what < 96) this.#write(one)
    else this.#replace(one)
  }

  /** Takes one of the tops away, and leaves an empty folder. */
  unmount(name: string): void {
    const top = this.top.entries?.get(name)
    if (top === undefined || this.#unmounted.has(name)) return
    this.#unmounted.set(name, top)
    for (const { inode } of this.names(top)) {
      if (inode.entries !== null) this.#tell({ kind: 'removed', folder: inode })
    }
    this.#tell({ kind: 'removed', folder: top })
    this.top.entries?.set(name, this.#make(true))
    this.#noteMount()
  }

  mount(name: string): void {
    const top = this.#unmounted.get(name)
    if (top === undefined) return
    this.#unmounted.delete(name)
    this.top.entries?.set(name, top)
    this.#noteMount()
  }

  /** The tops that are mounted. */
  mountedTops(): string[] {
    return [...(this.top.entries?.keys() ?? [])].filter((name) => !this.#unmounted.has(name))
  }

  /** Removes everything in one of the tops. */
  empty(name: string): void {
    const top = this.top.entries?.get(name)
    if (top === undefined || this.#unmounted.has(name)) return
    this.#clock += 1
    this.#emptied.add(name)
    for (const below of [...(top.entries?.keys() ?? [])]) this.#remove(top, below)
  }

  /** Puts a file into a top that was emptied. */
  fill(name: string): void {
    const top = this.top.entries?.get(name)
    if (top === undefined || !this.#emptied.delete(name)) return
    this.#clock += 1
    this.#put(top, KEPT_NAME, false)
  }

  #noteMount(): void {
    this.mountChanges += 1
    this.#onMounts()
  }

  #writeQuietly(
    what: number,
    one: OpenFile | undefined,
    { folder, name, which }: { folder: Inode; name: string; which: number },
  ): void {
    if (what === OPEN) {
      this.#put(folder, name, false, true)
      return
    }
    const open = [...this.#open][which % Math.max(1, this.#open.size)]
    if (what === APPEND && open !== undefined) this.#modify(open, { size: open.inode.size + 1, mtime: this.#clock })
    if (what === CLOSE && open !== undefined) {
      this.#open.delete(open)
      this.#tell({ kind: 'written', folder: open.folder, name: open.name })
    }
    if (one === undefined || what === APPEND || what === CLOSE) return
    if (what === CHANGE_CASE) this.#rename(one, one.folder, inOtherCase(one.name))
    else if (one.inode.entries !== null) return
    else if (what === TRUNCATE) this.#modify(one, { size: which % 20, mtime: this.#clock })
    else this.#modify(one, { mtime: which })
  }

  #modify({ folder, name, inode }: OpenFile, to: Partial<Pick<Inode, 'size' | 'mtime'>>): void {
    Object.assign(inode, { ...to, ctime: this.#clock })
    this.#tell({ kind: 'modified', folder, name })
  }

  #write({ folder, name, inode }: { folder: Inode; name: string; inode: Inode }): void {
    Object.assign(inode, { size: inode.size + 1, mtime: this.#clock, ctime: this.#clock })
    this.#tell({ kind: 'written', folder, name })
  }

  /** Saves as programs do: another file is written and takes the name. */
  #replace({ folder, name }: { folder: Inode; name: string }): void {
    const temporary = `${name}~`
    this.#put(folder, temporary, false)
    const inode = folder.entries?.get(temporary)
    if (inode !== undefined) this.#rename({ folder, name: temporary, inode }, folder, name)
  }

  #make(isFolder: boolean): Inode {
    const freed = this.reusesNumbers ? this.#freed.pop() : undefined
    if (freed === undefined) this.#numbers += 1
    return {
      number: freed ?? this.#numbers,
      birthTime: this.#keepsBirthTimes ? this.#clock : 0,
      size: isFolder ? 0 : 10,
      mtime: this.#clock,
      ctime: this.#clock,
      entries: isFolder ? new Map() : null,
    }
  }

  #put(folder: Inode, name: string, isFolder: boolean, staysOpen = false): void {
    if (folder.entries === null || this.#stored(folder, name) !== undefined) return
    const inode = this.#make(isFolder)
    folder.entries.set(name, inode)
    this.#tell({ kind: isFolder ? 'touched' : 'created', folder, name })
    if (staysOpen) this.#open.add({ folder, name, inode })
    else if (!isFolder) this.#tell({ kind: 'written', folder, name })
  }

  /** rename(2), also over a file, or over a folder, which is removed just before with all that is in it. */
  #rename({ folder, name, inode }: { folder: Inode; name: string; inode: Inode }, to: Inode, toName: string): void {
    if (this.#isWithin(to, inode)) return
    const stored = this.#stored(to, toName)
    const victim = stored === undefined ? undefined : to.entries?.get(stored)
    // Another spelling of its own name counts as free.
    const isRespelled = victim === inode && to === folder && stored === name && toName !== name
    if ((victim === inode && !isRespelled) || (victim !== undefined && !isRespelled && this.#isWithin(folder, victim)))
      return
    if (stored !== undefined && !isRespelled) this.#remove(to, stored)
    folder.entries?.delete(name)
    to.entries?.set(toName, inode)
    inode.ctime = this.#clock
    this.#followOpen([
      { folder, name },
      { folder: to, name: toName },
    ])
    this.#tellMove(folder, name)
    this.#tellMove(to, toName, inode)
  }

  #tellMove(folder: Inode, name: string, inode?: Inode): void {
    this.#tell({ kind: 'touched', folder, name })
    if (inode !== undefined && inode.entries !== null) this.#tell({ kind: 'moved', folder: inode })
  }

  /** Moves the names by which files are open from the first to the second place of each pair. */
  #followOpen(
    ...moves: readonly (readonly [Pick<OpenFile, 'folder' | 'name'>, Pick<OpenFile, 'folder' | 'name'>])[]
  ): void {
    const moved = [...this.#open].flatMap((open) => {
      const move = moves.find(([from]) => from.folder === open.folder && from.name === open.name)
      return move === undefined ? [] : [{ open, to: { folder: move[1].folder, name: move[1].name } }]
    })
    for (const { open, to } of moved) Object.assign(open, to)
  }

  #exchange(a: { folder: Inode; name: string; inode: Inode }, b: typeof a): void {
    if (this.#isWithin(a.folder, b.inode) || this.#isWithin(b.folder, a.inode)) return
    a.folder.entries?.set(a.name, b.inode)
    b.folder.entries?.set(b.name, a.inode)
    Object.assign(a.inode, { ctime: this.#clock })
    Object.assign(b.inode, { ctime: this.#clock })
    this.#followOpen([a, b], [b, a])
    this.#tellMove(a.folder, a.name, b.inode)
    this.#tellMove(b.folder, b.name, a.inode)
  }

  #link(inode: Inode, folder: Inode, name: string): void {
    if (inode.entries !== null || folder.entries === null || this.#stored(folder, name) !== undefined) return
    folder.entries.set(name, inode)
    this.#tell({ kind: 'created', folder, name })
  }

  #remove(folder: Inode, name: string): void {
    const inode = folder.entries?.get(name)
    if (inode === undefined) return
    for (const below of [...(inode.entries?.keys() ?? [])]) this.#remove(inode, below)
    folder.entries?.delete(name)
    // Counts as closed: later writes through it cause no event, whatever other names the file has.
    for (const open of this.#open) if (open.folder === folder && open.name === name) this.#open.delete(open)
    if (inode.entries !== null) this.#tell({ kind: 'removed', folder: inode })
    this.#tell({ kind: 'touched', folder, name })
    if (this.linksOf(inode) === 0) this.#freed.push(inode.number)
  }

  #isWithin(inode: Inode, folder: Inode): boolean {
    return inode === folder || [...this.names(folder)].some((other) => other.inode === inode)
  }
}

function inOtherCase(name: string): string {
  return name === name.toUpperCase() ? name.toLowerCase() : name.toUpperCase()
}
