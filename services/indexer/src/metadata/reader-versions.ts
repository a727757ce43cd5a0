/** With what files are read: where it differs, the same file may get another answer. */
import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Libraries } from './identify.ts'
import { OWN_MAGIC } from './libmagic.ts'

/**
 * Raise it with every change by which some file gets another type, width, height or duration: each program that is
 * started with another number has the files read again that may have a wrong one. `types.magic` counts by itself.
 */
const RULES_VERSION = 1

/** Each differs where the answers may; for nothing but to be compared, and to be shown to people. */
export type ReaderVersions = {
  readonly libmagic: string
  /** Of libmagic's databases. */
  readonly magicDatabase: string
  readonly mediaInfo: string
  /** Of what this program knows itself. */
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
