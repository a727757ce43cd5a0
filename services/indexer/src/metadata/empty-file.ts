/** What is known of a file without bytes. */
import type { Metadata } from './metadata-job.ts'

/** file(1)'s answer for an empty file, which libmagic gives by path only, not by descriptor. */
export const EMPTY_TYPE = 'inode/x-empty'

export const EMPTY_FILE: Metadata = {
  hash: 'd41d8cd98f00b204e9800998ecf8427e',
  mimeType: EMPTY_TYPE,
  isImage: false,
  isVideo: false,
  width: 0,
  height: 0,
  msDuration: 0,
}
