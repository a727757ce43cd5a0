/** Growing pauses between tries at a place, and the places that have been tried in vain for long. */

export type Backoff<Folder extends { readonly attached: boolean }> = {
  /** The pause in ms before the next try at a name in a folder; without a name, at the folder itself. */
  readonly next: (folder: Folder, name?: string) => number
  /** The place was settled: its next pause is the first one again. */
  readonly clear: (folder: Folder, name?: string) => void
  /** Places that have been tried in vain since `sinceMs` (ms since 1970) or longer. */
  readonly tried: (sinceMs: number) => Tried<Folder>[]
}

/** `name`: empty for the folder itself. `sinceMs`: the time of the first try, ms since 1970. */
export type Tried<Folder> = { readonly folder: Folder; readonly name: string; readonly sinceMs: number }

/** In place of a name: the folder itself. */
const ITSELF = ''

/** A place without a try for this long is forgotten: its root went offline, or a scan settled the place. */
const FORGOTTEN_AFTER_MS = 30_000

type Tries = { count: number; readonly sinceMs: number; lastMs: number }

export function createBackoff<Folder extends { readonly attached: boolean }>(
  { firstMs, lastMs }: { readonly firstMs: number; readonly lastMs: number },
  nowMs: () => number,
): Backoff<Folder> {
  const folders = new Map<Folder, Map<string, Tries>>()
  return {
    next: (folder, name = ITSELF) => {
      const names = folders.get(folder) ?? new Map<string, Tries>()
      if (names.size === 0) folders.set(folder, names)
      const tries = names.get(name) ?? { count: 0, sinceMs: nowMs(), lastMs: 0 }
      names.set(name, tries)
      tries.count += 1
      tries.lastMs = nowMs()
      return Math.min(firstMs * 2 ** Math.min(tries.count - 1, 30), lastMs)
    },
    clear: (folder, name = ITSELF) => {
      const names = folders.get(folder)
      if (names?.delete(name) === true && names.size === 0) folders.delete(folder)
    },
    tried: (sinceMs) => {
      const all: Tried<Folder>[] = []
      for (const [folder, names] of folders) {
        for (const [name, { sinceMs: firstMs, lastMs: latestMs }] of names) {
          if (nowMs() - latestMs > FORGOTTEN_AFTER_MS) names.delete(name)
          else if (firstMs <= sinceMs) all.push({ folder, name, sinceMs: firstMs })
        }
        if (!folder.attached || names.size === 0) folders.delete(folder)
      }
      return all.filter(({ folder }) => folder.attached)
    },
  }
}
