/** The setting that a worker process gets in its arguments when it starts. */

export type WorkerSetting = {
  /** The worker may read only where its programs are known to be: a library or database elsewhere is not found. */
  readonly isHeld: boolean
  /**
   * Watched folders below which the worker may read nothing, since they did not answer at its start. Paths as in jobs.
   */
  readonly leftOut: readonly string[]
}

export const NOT_HELD: WorkerSetting = { isHeld: false, leftOut: [] }

/** The descriptor of the memory that it shares with its parent (`work-at.ts`): the next after its channel. */
const MEMORY_FD = 4

/** JSON escapes half of a surrogate pair, which a path may have. */
export function encodeSetting(setting: WorkerSetting, hasMemory: boolean): string {
  return JSON.stringify({ ...setting, hasMemory })
}

/** @param text the first argument; undefined for a worker that somebody starts by hand */
export function decodeSetting(text: string | undefined): WorkerSetting & { readonly memoryFd: number | null } {
  if (text === undefined) return { ...NOT_HELD, memoryFd: null }
  const { isHeld, leftOut, hasMemory } = JSON.parse(text) as WorkerSetting & { readonly hasMemory: boolean }
  return { isHeld, leftOut, memoryFd: hasMemory ? MEMORY_FD : null }
}
