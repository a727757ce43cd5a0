/** Growing delays for what has to be tried again, by what it is. */

export type Backoff<Key> = {
  /** Delay in ms before the next try. */
  readonly next: (key: Key) => number
  readonly clear: (key: Key) => void
}

export function createBackoff<Key>(firstMs: number, lastMs: number): Backoff<Key> {
  const tries = new Map<Key, number>()
  return {
    next: (key) => {
      const before = tries.get(key) ?? 0
      tries.set(key, before + 1)
      return Math.min(firstMs * 2 ** Math.min(before, 30), lastMs)
    },
    clear: (key) => {
      tries.delete(key)
    },
  }
}
