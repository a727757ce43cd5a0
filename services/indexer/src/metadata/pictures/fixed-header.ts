/** Formats whose first bytes say what they are and whose sides stand at a fixed place. */
import type { ByteOrder } from './bounded-reader.ts'
import type { PictureFormat } from './picture-format.ts'

type Layout = {
  readonly begins: string
  readonly widthAt: number
  readonly heightAt: number
  /** How many bytes each side has. */
  readonly bytes: 2 | 4
  readonly order: ByteOrder
}

const LAYOUTS: readonly Layout[] = [
  // Photoshop, also its large documents: the height comes first.
  { begins: '8BPS', widthAt: 18, heightAt: 14, bytes: 4, order: 'big' },
  { begins: 'qoif', widthAt: 4, heightAt: 8, bytes: 4, order: 'big' },
  { begins: 'gimp xcf ', widthAt: 14, heightAt: 18, bytes: 4, order: 'big' },
  { begins: 'DDS |\0\0\0', widthAt: 16, heightAt: 12, bytes: 4, order: 'little' },
  { begins: 'farbfeld', widthAt: 8, heightAt: 12, bytes: 4, order: 'big' },
]

export const fixedHeader: PictureFormat = {
  begins: (head) => LAYOUTS.some(({ begins }) => head.startsWith(begins)),
  size: (reader) => {
    const layout = LAYOUTS.find(({ begins }) => begins === reader.text(0, begins.length))
    if (layout === undefined) return null
    const { widthAt, heightAt, bytes, order } = layout
    return { width: reader.uint(widthAt, bytes, order), height: reader.uint(heightAt, bytes, order) }
  },
}
