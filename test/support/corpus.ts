import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Metadata } from '../../services/indexer/src/metadata/metadata-job.ts'

/** Sample files and the original program's answers, by libmagic 5.46 and MediaInfo 25.04 (Debian 13). */
export const CORPUS = join(import.meta.dirname, '../data/corpus')

/** Pictures that some parser is known to get wrong, and files that only look like pictures. */
export const PICTURES = join(import.meta.dirname, '../data/pictures')

/** A file's fields as clients see them. */
export type CorpusEntry = {
  readonly size: number
  readonly hash: string
  readonly mime_type: string
  readonly is_image: boolean
  readonly is_video: boolean
  readonly width: number
  readonly height: number
  readonly ms_duration: number
}

/** Where our answer is right and the original's is not: it had no size for an SVG. */
const DIFFERENCES: Readonly<Record<string, Partial<CorpusEntry>>> = { 'i.svg': { width: 20, height: 10 } }

/** The expected answers, by file name. */
export function corpusEntries(): Map<string, CorpusEntry> {
  const entries = JSON.parse(readFileSync(join(CORPUS, 'expected.json'), 'utf8')) as Record<string, CorpusEntry>
  return new Map(Object.entries(entries).map(([file, entry]) => [file, { ...entry, ...DIFFERENCES[file] }]))
}

/** The expected answers as a worker gives them. */
export function corpusAnswers(): Map<string, Metadata> {
  return new Map(Array.from(corpusEntries(), ([file, entry]) => [file, metadataOf(entry)]))
}

function metadataOf(entry: CorpusEntry): Metadata {
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
