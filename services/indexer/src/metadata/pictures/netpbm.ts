/** PBM, PGM, PPM, PAM and PFM: a header of text. */
import type { PictureFormat, PictureSize } from './picture-format.ts'

/** If comments make a header longer, the size is unknown. Bytes. */
const HEADER_MAX = 4096

/** Two numbers after the first word. Between words are white space, and comments up to the end of their line. */
const SIDES = /^P[1-6Ff](?:\s|#[^\r\n]*[\r\n])+(\d+)(?:\s|#[^\r\n]*[\r\n])+(\d+)[\s#]/
const PAM_LINE = /^(WIDTH|HEIGHT|ENDHDR)[ \t]*(\d*)/gm

export const netpbm: PictureFormat = {
  begins: (head) => /^P[1-7Ff][\s#]/.test(head),
  size: (reader) => {
    const header = reader.text(0, Math.min(HEADER_MAX, reader.size))
    if (header.startsWith('P7')) return arbitraryMap(header)
    const [, width, height] = SIDES.exec(header) ?? []
    return width === undefined ? null : { width: Number(width), height: Number(height) }
  },
}

function arbitraryMap(header: string): PictureSize | null {
  const sides = { WIDTH: 0, HEIGHT: 0 }
  for (const [, name, value] of header.matchAll(PAM_LINE)) {
    if (name === 'ENDHDR') return { width: sides.WIDTH, height: sides.HEIGHT }
    sides[name as keyof typeof sides] = Number(value)
  }
  return null
}
