/** Boxes of ISO media, by type and content. */

export function box(type: string, ...content: readonly (Buffer | string)[]): Buffer {
  const body = Buffer.concat(content.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part)))
  return Buffer.concat([number(8 + body.length, 4), Buffer.from(type, 'latin1'), body])
}

/** A box that begins with a version and flags. */
export function fullBox(
  type: string,
  version: number,
  flags: number,
  ...content: readonly (Buffer | string)[]
): Buffer {
  return box(type, number(version, 1), number(flags, 3), ...content)
}

/** Big-endian. */
export function number(value: number, bytes: 1 | 2 | 3 | 4): Buffer {
  const buffer = Buffer.alloc(bytes)
  buffer.writeUIntBE(value, 0, bytes)
  return buffer
}
