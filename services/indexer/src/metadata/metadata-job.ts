/** What goes into the metadata stage and what comes out of it. */

/** One file as its row has it. The result is about exactly this file, or says that it is another one now. */
export type MetadataJob = {
  readonly nodeId: string
  /**
   * The watched folder's absolute path; bytes that are not UTF-8 are escaped as in `@drive-feed/shared/entry-name.ts`.
   */
  readonly root: string
  /** Absolute, below `root`. */
  readonly path: string
  /** `st_dev` as it is now, decimal text; empty if it is not known. */
  readonly deviceNumber: string
  /** Decimal text. */
  readonly inode: string
  /** Bytes. */
  readonly size: number
  /** Microseconds since 1970, rounded down. */
  readonly mtime: number
  /** The MD5 of these bytes if it is known already: then only the rest is read anew, from little of the file. */
  readonly knownHash?: string
}

/** The fields of a node that come from reading the file; 0 if unknown. */
export type Metadata = {
  /** MD5 in lower-case hex. */
  readonly hash: string
  readonly mimeType: string
  readonly isImage: boolean
  readonly isVideo: boolean
  /** Pixels. */
  readonly width: number
  readonly height: number
  readonly msDuration: number
}

export type MetadataResult =
  /** `problem`: a library crashed, hung or refused. The hash is right, and the rest is what could be found. */
  | {
      readonly kind: 'done'
      readonly job: MetadataJob
      readonly metadata: Metadata
      readonly problem: string | null
    }
  /** It is not, or no longer, the job's file: inode, size, mtime or type differ, before or after reading. */
  | { readonly kind: 'changed'; readonly job: MetadataJob }
  /**
   * Reading was refused for now (EAGAIN of a lease, too many open files and the like), which says nothing about the
   * file.
   */
  | { readonly kind: 'busy'; readonly job: MetadataJob; readonly problem: string }
  /** It was not tried, since too many doubtful files wait. It is to be given again after `afterMs`. */
  | { readonly kind: 'later'; readonly job: MetadataJob; readonly afterMs: number }
  /** Nothing there (ENOENT, ENOTDIR), or a symbolic link on the way (ELOOP). */
  | { readonly kind: 'gone'; readonly job: MetadataJob }
  /** It is there but can't be read now: EACCES, EIO and the like. */
  | { readonly kind: 'unreadable'; readonly job: MetadataJob; readonly problem: string }
  /** Even hashing alone crashed or took too long. */
  | { readonly kind: 'failed'; readonly job: MetadataJob; readonly problem: string }
