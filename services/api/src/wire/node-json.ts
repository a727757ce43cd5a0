/** A node's row as JSON. */
import type { WireRow } from '../feed/wire-row.ts'
import type { Answer } from './answers.ts'
import { isoTime } from './iso-time.ts'

export type NodeJson = Answer<'Node'>

/** SQLite keeps a time beyond its integers as a real, whose text may be like 4.6e+24. */
function exactTime(text: string): number | bigint {
  return /^-?\d+$/.test(text) ? BigInt(text) : Number(text)
}

/**
 * The order of the keys is part of the wire contract, and is that of the original program.
 *
 * @param path undefined if the client did not ask for it; null if the node has none
 */
export function nodeJson(row: WireRow, path?: string | null): NodeJson {
  const node = {
    id: row.nodeId,
    parent_id: row.parentId,
    name: row.name,
    is_directory: row.isDirectory,
    ctime: isoTime(row.ctime),
    mtime: isoTime(typeof row.mtime === 'number' ? row.mtime : exactTime(row.mtime)),
    mime_type: row.mimeType,
    hash: row.hash,
    size: row.size,
    is_image: row.isImage,
    is_video: row.isVideo,
    width: row.width,
    height: row.height,
    ms_duration: row.msDuration,
  }
  return path === undefined ? node : { ...node, path }
}
