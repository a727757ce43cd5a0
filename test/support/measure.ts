import { readerOfBytes } from '../../services/indexer/src/metadata/pictures/bounded-reader.ts'
import { measurePicture } from '../../services/indexer/src/metadata/pictures/picture-size.ts'

/** "640x480", or the kind of another answer. */
export function measure(content: Buffer | string): string {
  const answer = measurePicture(readerOfBytes(Buffer.from(content as string, 'latin1')))
  return answer.kind === 'measured' ? `${answer.size.width}x${answer.size.height}` : answer.kind
}
