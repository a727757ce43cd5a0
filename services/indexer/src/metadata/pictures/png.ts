/** PNG and APNG. The header is the first chunk; in Apple's variant `CgBI` comes before it. */
import type { PictureFormat } from './picture-format.ts'

export const png: PictureFormat = {
  begins: (head) => head.startsWith('\x89PNG\r\n\x1a\n'),
  size: (reader) => {
    for (let at = 8; ; at += 12 + reader.uint(at, 4)) {
      const type = reader.text(at + 4, 4)
      if (type === 'IHDR') return { width: reader.uint(at + 8, 4), height: reader.uint(at + 12, 4) }
      if (type !== 'CgBI') return null
    }
  },
}
