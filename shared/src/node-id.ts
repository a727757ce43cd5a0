/** Node ids: UUID version 5 (RFC 9562, SHA-1) in the URL namespace, as the original program makes them. */
import { hash } from 'node:crypto'

const NAMESPACE_URL = Buffer.from('6ba7b8119dad11d180b400c04fd430c8', 'hex')

/** The id of an inode's first name. `device` is the stable name in the `devices` table; both are decimal text. */
export function plainNodeId(device: string, inode: string): string {
  return uuid5Url(`${device}:${inode}`)
}

/**
 * The id of a further name (hard link) of an inode. `attempt` counts up from 0 while the id is taken: a name that was
 * linked at this very place and renamed since may have it.
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
  const digest = hash('sha1', namespaced(name))
  // Version 5 and the variant bits 10 take the place of six bits of the digest.
  const variant = '89ab'[Number.parseInt(digest[16] as string, 16) & 3]
  return `${digest.slice(0, 8)}-${digest.slice(8, 12)}-5${digest.slice(13, 16)}-${variant}${digest.slice(17, 20)}-${digest.slice(20, 32)}`
}

/** Reused for every plain id, whose name is two numbers: a first scan makes an id for every file. */
const scratch = Buffer.concat([NAMESPACE_URL, Buffer.alloc(1024)])

function namespaced(name: string | Uint8Array): Uint8Array {
  if (typeof name !== 'string') return Buffer.concat([NAMESPACE_URL, name])
  const length = NAMESPACE_URL.length + scratch.write(name, NAMESPACE_URL.length)
  return scratch.subarray(0, length)
}
