/** Small TIFFs, and formats made like a TIFF, in either byte order. */

/** Entries by tag: a number is a LONG, a list is the directories below (SubIFDs, or the Exif directory). */
export type Entries = Readonly<Record<number, number | readonly Entries[]>>

export type TiffOptions = {
  readonly order?: 'big' | 'little'
  /** Replaces the version, 42. */
  readonly version?: number
  /** Bytes between the header and the first directory. */
  readonly behindHeader?: string
}

export function buildTiff(pages: readonly Entries[], options: TiffOptions = {}): Buffer {
  const { order = 'little', version = 42, behindHeader = '' } = options
  const file = Buffer.alloc(4096)
  const put = (value: number, at: number, bytes: 2 | 4) =>
    order === 'big' ? file.writeUIntBE(value, at, bytes) : file.writeUIntLE(value, at, bytes)
  let free = 8 + behindHeader.length
  function putDirectory(entries: Entries, next: readonly Entries[]): number {
    const at = free
    const tags = Object.keys(entries).map(Number)
    free += 2 + tags.length * 12 + 4
    put(tags.length, at, 2)
    for (const [n, tag] of tags.entries()) {
      const entryAt = at + 2 + n * 12
      const value = entries[tag] as number | readonly Entries[]
      const values = typeof value === 'number' ? [value] : value.map((below) => putDirectory(below, []))
      put(tag, entryAt, 2)
      put(4, entryAt + 2, 2)
      put(values.length, entryAt + 4, 4)
      const valuesAt = values.length === 1 ? entryAt + 8 : free
      if (values.length > 1) {
        put(free, entryAt + 8, 4)
        free += 4 * values.length
      }
      for (const [m, each] of values.entries()) put(each, valuesAt + 4 * m, 4)
    }
    const [following, ...others] = next
    put(following === undefined ? 0 : putDirectory(following, others), at + 2 + tags.length * 12, 4)
    return at
  }
  file.write(order === 'big' ? 'MM' : 'II', 0)
  put(version, 2, 2)
  file.write(behindHeader, 8, 'latin1')
  const [first = {}, ...others] = pages
  put(putDirectory(first, others), 4, 4)
  return file.subarray(0, free)
}
