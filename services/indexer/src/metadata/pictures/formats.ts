/** Every format of pictures whose size is read without a C library. A new one is a file beside this one, and a line here. */
import { bmp } from './bmp.ts'
import { camera } from './camera.ts'
import { canonCrw } from './canon-crw.ts'
import { djvu } from './djvu.ts'
import { fixedHeader } from './fixed-header.ts'
import { gif } from './gif.ts'
import { gzippedSvg } from './gzipped-svg.ts'
import { heif } from './heif.ts'
import { icon } from './icon.ts'
import { jpeg } from './jpeg.ts'
import { jpeg2000 } from './jpeg-2000.ts'
import { jpegXl } from './jpeg-xl.ts'
import { netpbm } from './netpbm.ts'
import { openExr } from './open-exr.ts'
import { pcx } from './pcx.ts'
import type { PictureFormat } from './picture-format.ts'
import { png } from './png.ts'
import { svg } from './svg.ts'
import { tiff } from './tiff.ts'
import { webp } from './webp.ts'

/** The common formats come first. */
export const FORMATS: readonly PictureFormat[] = [
  jpeg,
  png,
  heif,
  webp,
  gif,
  tiff,
  svg,
  gzippedSvg,
  bmp,
  jpegXl,
  jpeg2000,
  camera,
  canonCrw,
  djvu,
  icon,
  netpbm,
  pcx,
  openExr,
  fixedHeader,
]
