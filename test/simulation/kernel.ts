/**
 * inotify(7) for a disk in memory: instances, watch descriptors, and queues that merge, overflow and outlive their
 * watches.
 */
import type { WatchEvent } from '../../services/indexer/src/watch/inotify-events.ts'
import type { DiskEvent, Inode } from '../support/model-disk.ts'

export type Kernel = {
  /** Gives the instance's descriptor. */
  readonly createInstance: () => number
  readonly closeInstance: (fd: number) => void
  /** While a folder is watched it always gives the same watch descriptor. Null if no more are allowed. */
  readonly addWatch: (fd: number, folder: Inode) => number | null
  /** Whether no more watches are allowed. */
  readonly isFull: () => boolean
  readonly removeWatch: (fd: number, watch: number) => void
  readonly watchesOf: (fd: number) => ReadonlyMap<number, Inode>
  readonly tell: (event: DiskEvent) => void
  /** Empties a queue. */
  readonly take: (fd: number) => WatchEvent[]
}

type Instance = { readonly watches: Map<number, Inode>; queue: WatchEvent[] }

/** `queueMax`: events of one instance. `watchesMax`: watches of all instances together. */
export type KernelLimits = { readonly queueMax: number; readonly watchesMax: number }

export function createKernel({ queueMax, watchesMax }: KernelLimits, onQueued: (fd: number) => void): Kernel {
  const instances = new Map<number, Instance>()
  let fds = 2
  let watches = 0
  const push = (fd: number, { queue }: Instance, event: WatchEvent) => {
    const last = queue.at(-1)
    if (JSON.stringify(last) === JSON.stringify(event) || last?.kind === 'overflow') return
    queue.push(queue.length < queueMax ? event : { kind: 'overflow' })
    onQueued(fd)
  }
  const watchOf = (instance: Instance | undefined, folder: Inode): number | undefined => {
    for (const [watch, inode] of instance?.watches ?? []) if (inode === folder) return watch
    return undefined
  }
  const removeWatch = (fd: number, watch: number) => {
    const instance = instances.get(fd)
    if (instance?.watches.delete(watch) === true) push(fd, instance, { kind: 'ignored', watch })
  }
  const isFull = () => {
    let used = 0
    for (const instance of instances.values()) used += instance.watches.size
    return used >= watchesMax
  }
  return {
    createInstance: () => {
      fds += 1
      instances.set(fds, { watches: new Map(), queue: [] })
      return fds
    },
    closeInstance: (fd) => {
      instances.delete(fd)
    },
    addWatch: (fd, folder) => {
      const known = watchOf(instances.get(fd), folder)
      if (known !== undefined) return known
      if (isFull()) return null
      watches += 1
      instances.get(fd)?.watches.set(watches, folder)
      return watches
    },
    isFull,
    removeWatch,
    watchesOf: (fd) => instances.get(fd)?.watches ?? new Map(),
    tell: (event) => {
      for (const [fd, instance] of instances) {
        const watch = watchOf(instance, event.folder)
        if (watch === undefined) continue
        if ('name' in event) push(fd, instance, { kind: event.kind, watch, name: event.name })
        else push(fd, instance, { kind: 'self', watch })
        if (event.kind === 'removed') removeWatch(fd, watch)
      }
    },
    take: (fd) => {
      const instance = instances.get(fd)
      const events = instance?.queue ?? []
      if (instance !== undefined) instance.queue = []
      return events
    },
  }
}
