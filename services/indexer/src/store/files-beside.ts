/** Small files beside the database by which an owner asks for something: one a kind and node. */
import { readdirSync, renameSync, unlinkSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

export type KindOfFile = 'accept' | 'rescan'

export function pathBeside(databasePath: string, kind: KindOfFile, nodeId: string): string {
  return join(dirname(databasePath), `${basename(databasePath)}.${kind}-${nodeId}`)
}

export function leaveBeside(path: string, text: string): void {
  writeFileSync(`${path}.new`, text)
  // A rename is atomic: the indexer may look at any moment, and sees the whole file or none.
  renameSync(`${path}.new`, path)
}

/** The ids of the nodes for which there is such a file. */
export function nodesBeside(databasePath: string, kind: KindOfFile): Set<string> {
  const begin = basename(pathBeside(databasePath, kind, ''))
  try {
    const names = readdirSync(dirname(databasePath)).filter((name) => name.startsWith(begin) && !name.endsWith('.new'))
    return new Set(names.map((name) => name.slice(begin.length)))
  } catch {
    // The database's folder is away, which `persistence.ts` reports.
    return new Set()
  }
}

/** False if it is not there, or can't be removed. */
export function removeBeside(path: string): boolean {
  try {
    unlinkSync(path)
    return true
  } catch {
    return false
  }
}
