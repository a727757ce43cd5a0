import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openLibmagic } from '../libmagic.ts'
import { openMediaInfo } from '../libmediainfo.ts'
import type { Metadata } from '../metadata-job.ts'

/** Sample files and the original program's answers, by libmagic 5.46 and MediaInfo 25.04 (Debian 13). */
export const CORPUS = join(import.meta.dirname, '../../../test-data/corpus')

type ExpectedEntry = {
  readonly hash: string
  readonly mime_type: string
  readonly is_image: boolean
  readonly is_video: boolean
  readonly width: number
  readonly height: number
  readonly ms_duration: number
}

/** Where a library of another version is known to answer otherwise: its version, the file, and what it answers. */
const DIFFERENCES: readonly { library: string; file: string; fields: Partial<Metadata> }[] = [
  // Debian 12's does not read the dimensions of WebP.
  { library: 'MediaInfoLib - v23.04', file: 'i.webp', fields: { width: 0, height: 0 } },
]

/** What the libraries of this machine must answer, by file name. */
export function corpusAnswers(): Map<string, Metadata> {
  const entries = JSON.parse(readFileSync(join(CORPUS, 'expected.json'), 'utf8')) as Record<string, ExpectedEntry>
  const versions = [openMediaInfo().version, `libmagic ${openLibmagic().version}`]
  return new Map(
    Object.entries(entries).map(([file, entry]) => {
      const known = DIFFERENCES.filter((one) => one.file === file && versions.includes(one.library))
      return [file, Object.assign(metadataOf(entry), ...known.map(({ fields }) => fields))]
    }),
  )
}

function metadataOf(entry: ExpectedEntry): Metadata {
  return {
    hash: entry.hash,
    mimeType: entry.mime_type,
    isImage: entry.is_image,
    isVideo: entry.is_video,
    width: entry.width,
    height: entry.height,
    msDuration: entry.ms_duration,
  }
}
