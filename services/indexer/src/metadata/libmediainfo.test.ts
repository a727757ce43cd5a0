/** Shows what is taken from the answers of the real MediaInfo, on files of the corpus. */
import assert from 'node:assert/strict'
import { closeSync, fstatSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { CORPUS, PICTURES } from '../../../../test/support/corpus.ts'
import { openMediaInfo } from './libmediainfo.ts'

const mediaInfo = openMediaInfo()

function dimensionsOf(path: string, kind: 'picture' | 'film') {
  const fd = openSync(path, 'r')
  try {
    return mediaInfo.dimensions(fd, fstatSync(fd).size, kind)
  } finally {
    closeSync(fd)
  }
}

test('a film whose index is at its end is found by reading there', () => {
  assert.deepEqual(dimensionsOf(join(CORPUS, 'v.mp4'), 'film'), { width: 640, height: 360, msDuration: 3000 })
})

test('what has no dimensions has zeros', () => {
  assert.deepEqual(dimensionsOf(join(CORPUS, 't.txt'), 'film'), { width: 0, height: 0, msDuration: 0 })
})

test('a film has the size of its video track, not of its cover, and a picture that of an image, and no duration', () => {
  const none = { width: 0, height: 0 }
  assert.deepEqual(dimensionsOf(join(PICTURES, 'mka-cover.mka'), 'film'), { ...none, msDuration: 3006 })
  assert.deepEqual(dimensionsOf(join(CORPUS, 'i.png'), 'film'), { ...none, msDuration: 0 })
  assert.deepEqual(dimensionsOf(join(CORPUS, 'i.gif'), 'picture'), { width: 640, height: 360, msDuration: 0 })
  // A film that is taken for a picture, as an animation may be.
  assert.deepEqual(dimensionsOf(join(CORPUS, 'v.mp4'), 'picture'), { width: 640, height: 360, msDuration: 0 })
})
