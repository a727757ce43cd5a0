/**
 * Decides which files MediaInfo never sees. MediaInfo follows references: for a manifest, a playlist, a project or a
 * film with its data elsewhere it opens whatever file is named there, even a device or somebody else's file. It chooses
 * its reader by the content, not by a MIME type, and no option turns that off.
 */
import { opensOtherFiles } from './external-tracks.ts'
import { type BoundedReader, OutOfReachError } from './pictures/bounded-reader.ts'

/**
 * How much is searched for what need not be at the start: MXF may have so many bytes before its header (SMPTE 377-1,
 * 6.5).
 */
const HEAD = 64 * 1024 + 16

/** So many bytes show whether a file is text. */
const TEXT = 512

/** AAF and other OLE documents, Pro Tools sessions, and the indexes and playlists of a Blu-ray disc. */
const BEGINNINGS = [
  '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1',
  '\x03001011110010111',
  ...['MPLS', 'INDX', 'MOBJ', 'HDMV'].flatMap((name) => [`${name}01`, `${name}02`, `${name}03`]),
]

/** The key of an MXF header's partition, without its last two bytes. */
const MXF_PARTITION = '\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02\x01\x01'

/** A mark of UTF-16 or UTF-32, or `<` in one of them without a mark. */
const WIDE = ['\xff\xfe', '\xfe\xff', '\0\0\xfe\xff', '\0<\0', '\0\0\0<\0\0\0']

export function mayReachMediaInfo(reader: BoundedReader): boolean {
  try {
    const head = reader.text(0, Math.min(HEAD, reader.size))
    if (isText(head) || isWide(head) || isMarkup(head) || isPlaylist(head)) return false
    if (BEGINNINGS.some((beginning) => head.startsWith(beginning)) || head.includes(MXF_PARTITION)) return false
    return !opensOtherFiles(reader)
  } catch (error) {
    // A file that can't be judged within the limits does not reach MediaInfo.
    if (error instanceof OutOfReachError) return false
    throw error
  }
}

/** Films have bytes at their start that no text has. */
function isText(head: string): boolean {
  for (let at = 0; at < Math.min(TEXT, head.length); at += 1) {
    const code = head.charCodeAt(at)
    // The only control characters of a text are white space and ESC.
    if (code < 0x20 && !(code >= 0x09 && code <= 0x0d) && code !== 0x1b) return false
  }
  return true
}

function isWide(head: string): boolean {
  return (
    WIDE.some((beginning) => head.startsWith(beginning)) || (head[0] === '<' && head[1] === '\0' && head[3] === '\0')
  )
}

/**
 * Whether it begins with XML, with or without something else behind: MediaInfo reads XML up to the first zero. Without
 * a `>` before that zero the file is a film: the first four bytes of a film in 192-byte packets are a clock, and may
 * look like anything.
 */
function isMarkup(head: string): boolean {
  const begin = contentOf(head)
  if (!begin.startsWith('<')) return false
  const zero = begin.indexOf('\0')
  const close = begin.indexOf('>')
  return zero === -1 || (close !== -1 && close < zero)
}

function isPlaylist(head: string): boolean {
  return /^(#EXTM3U|\[playlist\]|\[Reference\])/i.test(contentOf(head))
}

/** What follows a mark of UTF-8 and white space. */
function contentOf(head: string): string {
  return head.replace(/^(\xef\xbb\xbf)?\s*/, '')
}
