/** Copies a database's files byte by byte, with what lies beside it. */
import { type FileHandle, open } from 'node:fs/promises'
import { type FileStats, statsAt, statsBehind } from '@drive-feed/shared/file-stats.ts'

const CHUNK_BYTES = 4 * 1024 * 1024
/** What belongs to a database that was not closed. `-shm` is made from `-wal`. */
const ENDINGS = ['', '-wal', '-journal'] as const

/** The file could not be read. The cause says why. */
export class SourceError extends Error {
  override name = 'SourceError'
}

/**
 * Copies into files that are there already or not. SQLite is not asked: it could not open a database in a read-only
 * folder, and would leave files beside it.
 *
 * @param onStep may throw, which ends the copying
 * @returns whether the files stayed the same meanwhile @throws {SourceError | NodeJS.ErrnoException}
 */
export async function copyBytes(from: string, into: string, onStep: () => void): Promise<boolean> {
  const before = ENDINGS.map((ending) => seen(from + ending))
  for (const [at, ending] of ENDINGS.entries()) {
    if (before[at] != null) await copyFile(from + ending, into + ending, onStep)
  }
  return ENDINGS.every((ending, at) => isSame(before[at] ?? null, seen(from + ending)))
}

async function copyFile(from: string, into: string, onStep: () => void): Promise<void> {
  const source = await fromSource(() => open(from, 'r'))
  try {
    const target = await open(into, 'w', 0o600)
    try {
      await pump(source, target, onStep)
    } finally {
      await target.close()
    }
  } finally {
    await source.close()
  }
}

async function pump(source: FileHandle, target: FileHandle, onStep: () => void): Promise<void> {
  const chunk = Buffer.alloc(CHUNK_BYTES)
  for (;;) {
    onStep()
    const { bytesRead } = await fromSource(() => source.read(chunk, 0, chunk.length))
    if (bytesRead === 0) return
    for (let at = 0; at < bytesRead; ) {
      at += (await target.write(chunk, at, bytesRead - at)).bytesWritten
    }
  }
}

async function fromSource<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    throw new SourceError((error as Error).message, { cause: error })
  }
}

function seen(path: string): FileStats | null {
  try {
    return path.endsWith('-wal') || path.endsWith('-journal') ? statsAt(path) : statsBehind(path)
  } catch (error) {
    throw new SourceError((error as Error).message, { cause: error })
  }
}

function isSame(one: FileStats | null, other: FileStats | null): boolean {
  return one?.inode === other?.inode && one?.size === other?.size && one?.ctimeNs === other?.ctimeNs
}
