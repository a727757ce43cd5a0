/** Advises the kernel what to keep of a file in the page cache, by posix_fadvise(2). */
import koffi from 'koffi'

export type PageCache = {
  /** The file will be read from start to end, so the kernel reads further ahead. */
  readonly expectSequentialReading: (fd: number) => void
  /** `length` bytes from `offset` are needed soon: the disk reads them in one go, while other files are read too. */
  readonly readAhead: (fd: number, offset: number, length: number) => void
  /** `length` bytes from `offset` are not needed any more; `length` 0 means to the end. */
  readonly drop: (fd: number, offset: number, length: number) => void
}

const POSIX_FADV_SEQUENTIAL = 2
const POSIX_FADV_WILLNEED = 3
const POSIX_FADV_DONTNEED = 4

/** The kernel takes no more of one piece of advice than one request to the disk may have. Bytes. */
const AHEAD_BYTES = 1024 * 1024

/** The kernel's answers are ignored: advice may be refused. */
export function openPageCache(): PageCache {
  const advise = koffi.load('libc.so.6').func('int posix_fadvise(int fd, int64_t offset, int64_t length, int advice)')
  return {
    expectSequentialReading: (fd) => advise(fd, 0, 0, POSIX_FADV_SEQUENTIAL),
    readAhead: (fd, offset, length) => {
      for (let at = offset; at < offset + length; at += AHEAD_BYTES) advise(fd, at, AHEAD_BYTES, POSIX_FADV_WILLNEED)
    },
    drop: (fd, offset, length) => advise(fd, offset, length, POSIX_FADV_DONTNEED),
  }
}
