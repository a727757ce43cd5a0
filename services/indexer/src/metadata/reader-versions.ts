/** The versions of what reads files: with other versions the same file may get another answer. */
import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Libraries } from './identify.ts'
import { OWN_MAGIC } from './libmagic.ts'

/**
 * Raise it with every change that gives some file another type, width, height or duration: an indexer that starts with
 * another number has the files read again that may have a wrong answer. `types.magic` counts by itself.
 */
const RULES_VERSION = 1

/** Texts to compare, and to show to people. One differs if answers may differ. */
export type ReaderVersions = {
  readonly libmagic: string
  /** `Libmagic.database`. */
  readonly magicDatabase: string
  readonly mediaInfo: string
  /** The version of our own rules. */
  readonly rules: string
}

export function readerVersions({ libmagic, mediaInfo }: Libraries): ReaderVersions {
  return {
    libmagic: String(libmagic.version),
    magicDatabase: libmagic.database,
    mediaInfo: mediaInfo.version,
    rules: `${RULES_VERSION}-${hash('md5', readFileSync(OWN_MAGIC)).slice(0, 8)}`,
  }
}
