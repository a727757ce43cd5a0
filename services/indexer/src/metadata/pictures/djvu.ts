/** DjVu: a page, or a document, of which the first page counts. */
import type { PictureFormat } from './picture-format.ts'

export const djvu: PictureFormat = {
  begins: (head) => head.startsWith('AT&TFORM'),
  size: (reader) => {
    // Chunks have a name and a length, and begin at even places. A FORM holds further chunks, behind a second name.
    for (let at = 4; ; ) {
      const name = reader.text(at, 4)
      if (name === 'INFO') return { width: reader.uint(at + 8, 2), height: reader.uint(at + 10, 2) }
      const length = reader.uint(at + 4, 4)
      at += name === 'FORM' && isOpened(reader.text(at + 8, 4)) ? 12 : 8 + length + (length % 2)
    }
  },
}

/** Documents and pages are opened. Thumbnails, and what several pages share, are skipped. */
function isOpened(kind: string): boolean {
  return kind === 'DJVM' || kind === 'DJVU'
}
