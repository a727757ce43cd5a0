/** Growing delays for places that have to be tried again, and which of them have been tried in vain for long. */

export type Backoff<Folder extends { readonly attached: boolean }> = {
  /** Delay in ms before the next try at a name in a folder; at the folder itself without a name. */
  readonly next: (folder: Folder, name?: string) => number
  /** It was settled: the next try is a first one again. */
  readonly clear: (folder: Folder, name?: string) => void
  /** Places that have been tried since `sinceMs` (ms since 1970) or longer. */
  readonly tried: (sinceMs: number) => Tried<Folder>[]
}

/** `name`: empty for the folder itself. `sinceMs`: when it was tried first, ms since 1970. */
export type Tried<Folder> = { readonly folder: Folder; readonly name: string; readonly sinceMs: number }

/** No name in a folder. */
const ITSELF = ''

type Tries = { count: number; readonly sinceMs: number }

export function createBackoff<Folder extends { readonly attached: boolean }>(
  { firstMs, lastMs }: { readonly firstMs: number; readonly lastMs: number },
  nowMs: () => number,
): Backoff<Folder> {
  const folders = new Map<Folder, Map<string, Tries>>()
  return {
    next: (folder, name = ITSELF) => {
      const names = folders.get(folder) ?? new Map<string, Tries>()
      if (names.size === 0) folders.set(folder, names)
      const tries = names.get(name) ?? { count: 0, sinceMs: nowMs() }
      names.set(name, tries)
      tries.count += 1
      return Math.min(firstMs * 2 ** Math.min(tries.count - 1, 30), lastMs)
    },
    clear: (folder, name = ITSELF) => {
      const names = folders.get(folder)
      if (names?.delete(name) === true && names.size === 0) folders.delete(folder)
    },
    tried: (sinceMs) => {
      const all: Tried<Folder>[] = []
      for (const [folder, names] of folders) {
        if (!folder.attached) folders.delete(folder)
        else
          for (const [name, tries] of names)
            if (tries.sinceMs <= sinceMs) all.push({ folder, name, sinceMs: tries.sinceMs })
      }
      return all
    },
  }
}
