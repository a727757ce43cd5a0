/** Node ids: UUID version 5 (RFC 9562, SHA-1) in the URL namespace, as the original program makes them. */
import { hash } from 'node:crypto'

const NAMESPACE_URL = Buffer.from('6ba7b8119dad11d180b400c04fd430c8', 'hex')

/** The id of an inode's first name. `device` is the stable one of the `devices` table; both are decimal text. */
export function plainNodeId(device: string, inode: string): string {
  return uuid5Url(`${device}:${inode}`)
}

/**
 * The id of a further name (hard link) of an inode. `attempt` counts up from 0 while the id is taken: it can be, by a
 * name that was linked at this very place and renamed since.
 */
export function furtherNodeId(
  device: string,
  inode: string,
  parentId: string,
  rawName: Uint8Array,
  attempt: number,
): string {
  const place = Buffer.concat([Buffer.from(`${device}:${inode}:${parentId}/`), rawName])
  return uuid5Url(attempt === 0 ? place : Buffer.concat([place, Buffer.from(`\0${attempt}`)]))
}

function uuid5Url(name: string | Uint8Array): string {
  const digest = hash(
    'sha1',
    Buffer.concat([NAMESPACE_URL, typeof name === 'string' ? Buffer.from(name) : name]),
    'buffer',
  )
  digest[6] = ((digest[6] as number) & 0x0f) | 0x50
  digest[8] = ((digest[8] as number) & 0x3f) | 0x80
  const hex = digest.toString('hex', 0, 16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
