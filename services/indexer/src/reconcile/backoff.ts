/** Growing delays for places that have to be tried again. What is forgotten with a folder needs no clearing. */

export type Backoff<Folder extends object> = {
  /** Delay in ms before the next try at a name in a folder; at the folder itself without a name. */
  readonly next: (folder: Folder, name?: string) => number
  /** It was settled: the next try is a first one again. */
  readonly clear: (folder: Folder, name?: string) => void
}

/** No name in a folder. */
const ITSELF = ''

export function createBackoff<Folder extends object>(firstMs: number, lastMs: number): Backoff<Folder> {
  const tries = new WeakMap<Folder, Map<string, number>>()
  return {
    next: (folder, name = ITSELF) => {
      const names = tries.get(folder) ?? new Map<string, number>()
      if (names.size === 0) tries.set(folder, names)
      const before = names.get(name) ?? 0
      names.set(name, before + 1)
      return Math.min(firstMs * 2 ** Math.min(before, 30), lastMs)
    },
    clear: (folder, name = ITSELF) => {
      const names = tries.get(folder)
      if (names?.delete(name) === true && names.size === 0) tries.delete(folder)
    },
  }
}
