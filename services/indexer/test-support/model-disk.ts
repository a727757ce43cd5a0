/** A disk in memory: folders hold names, names stand for inodes, freed inode numbers may be used again. */
import type { PlacedSight } from '../src/reconcile/seen.ts'
import { DEVICE } from './rows.ts'

export type Inode = {
  readonly number: number
  readonly birthTime: number
  size: number
  mtime: number
  ctime: number
  /** Null in a file. */
  readonly entries: Map<string, Inode> | null
}

/**
 * What happened, as the kernel tells it: at a name in a folder, or to a folder itself. `created` is told of a file only, as
 * a folder is never open for writing.
 */
export type DiskEvent =
  | { readonly kind: 'created' | 'written' | 'touched'; readonly folder: Inode; readonly name: string }
  | { readonly kind: 'moved' | 'removed'; readonly folder: Inode }

export type ModelDiskOptions = {
  readonly reusesNumbers: boolean
  readonly keepsBirthTimes: boolean
  /** Folders at the top that stay as they are; then nothing else is there. */
  readonly tops?: readonly string[]
  readonly tell?: (event: DiskEvent) => void
}

/** Numbers that choose among what is possible at that moment. */
export type Choice = readonly [what: number, which: number, where: number, name: number]

/** Some of what there is to choose from, see `change`. */
export const [MAKE_FILE, REMOVE, REPLACE] = [1, 85, 99]

/** In every top, so that it is never empty. */
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

  constructor({ reusesNumbers, keepsBirthTimes, tops = [], tell = () => {} }: ModelDiskOptions) {
    this.reusesNumbers = reusesNumbers
    this.#keepsBirthTimes = keepsBirthTimes
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

  /** What is behind names from the top; undefined if a name leads nowhere. */
  resolve(names: readonly string[]): Inode | undefined {
    let at: Inode | undefined = this.top
    for (const name of names) at = at?.entries?.get(name)
    return at
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
    if (one === undefined || what < 30) this.#put(folder, name, what % 3 === 0)
    else if (what < 65) this.#rename(one, folder, name)
    else if (what < 75) this.#exchange(one, all[where % all.length] as typeof one)
    else if (what < 82) this.#link(one.inode, folder, name)
    else if (what < 92) this.#remove(one.folder, one.name)
    else if (one.inode.entries !== null) return
    else if (what < 96) this.#write(one)
    else this.#replace(one)
  }

  /** Takes one of the tops away; an empty folder is there instead. */
  unmount(name: string): void {
    const top = this.top.entries?.get(name)
    if (top === undefined || this.#unmounted.has(name)) return
    this.#unmounted.set(name, top)
    for (const { inode } of this.names(top)) {
      if (inode.entries !== null) this.#tell({ kind: 'removed', folder: inode })
    }
    this.#tell({ kind: 'removed', folder: top })
    this.top.entries?.set(name, this.#make(true))
  }

  mount(name: string): void {
    const top = this.#unmounted.get(name)
    if (top === undefined) return
    this.#unmounted.delete(name)
    this.top.entries?.set(name, top)
  }

  #write({ folder, name, inode }: { folder: Inode; name: string; inode: Inode }): void {
    Object.assign(inode, { size: inode.size + 1, mtime: this.#clock, ctime: this.#clock })
    this.#tell({ kind: 'written', folder, name })
  }

  /** As programs save: another file is written and takes the name. */
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

  #put(folder: Inode, name: string, isFolder: boolean): void {
    if (folder.entries?.has(name) !== false) return
    folder.entries.set(name, this.#make(isFolder))
    this.#tell({ kind: isFolder ? 'touched' : 'created', folder, name })
    if (!isFolder) this.#tell({ kind: 'written', folder, name })
  }

  /** rename(2), over a file too, or over a folder that is removed with all in it just before. */
  #rename({ folder, name, inode }: { folder: Inode; name: string; inode: Inode }, to: Inode, toName: string): void {
    if (this.#isWithin(to, inode)) return
    const victim = to.entries?.get(toName)
    if (victim === inode || (victim !== undefined && this.#isWithin(folder, victim))) return
    if (victim !== undefined) this.#remove(to, toName)
    folder.entries?.delete(name)
    to.entries?.set(toName, inode)
    inode.ctime = this.#clock
    this.#tellMove(folder, name)
    this.#tellMove(to, toName, inode)
  }

  #tellMove(folder: Inode, name: string, inode?: Inode): void {
    this.#tell({ kind: 'touched', folder, name })
    if (inode !== undefined && inode.entries !== null) this.#tell({ kind: 'moved', folder: inode })
  }

  #exchange(a: { folder: Inode; name: string; inode: Inode }, b: typeof a): void {
    if (this.#isWithin(a.folder, b.inode) || this.#isWithin(b.folder, a.inode)) return
    a.folder.entries?.set(a.name, b.inode)
    b.folder.entries?.set(b.name, a.inode)
    Object.assign(a.inode, { ctime: this.#clock })
    Object.assign(b.inode, { ctime: this.#clock })
    this.#tellMove(a.folder, a.name, b.inode)
    this.#tellMove(b.folder, b.name, a.inode)
  }

  #link(inode: Inode, folder: Inode, name: string): void {
    if (inode.entries !== null || folder.entries?.has(name) !== false) return
    folder.entries.set(name, inode)
    this.#tell({ kind: 'created', folder, name })
  }

  #remove(folder: Inode, name: string): void {
    const inode = folder.entries?.get(name)
    if (inode === undefined) return
    for (const below of [...(inode.entries?.keys() ?? [])]) this.#remove(inode, below)
    folder.entries?.delete(name)
    if (inode.entries !== null) this.#tell({ kind: 'removed', folder: inode })
    this.#tell({ kind: 'touched', folder, name })
    if (this.linksOf(inode) === 0) this.#freed.push(inode.number)
  }

  #isWithin(inode: Inode, folder: Inode): boolean {
    return inode === folder || [...this.names(folder)].some((other) => other.inode === inode)
  }
}
