import assert from 'node:assert/strict'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openMediaInfo } from './libmediainfo.ts'
import { CORPUS, PICTURES } from './test-support/corpus.ts'
import { temporaryFolder } from './test-support/temporary-folder.ts'

const mediaInfo = openMediaInfo()

test('a path that is not ASCII is opened as it is, whatever the locale', (context) => {
  const path = join(temporaryFolder(context), '日本😀 é.mp4')
  copyFileSync(join(CORPUS, 'v.mp4'), path)
  assert.deepEqual(mediaInfo.dimensions(path, 'film'), { width: 640, height: 360, msDuration: 3000 })
})

test('what can not be opened is told from what has no dimensions', () => {
  assert.equal(mediaInfo.dimensions('/nowhere/i.jpg', 'picture'), null)
  assert.deepEqual(mediaInfo.dimensions(join(CORPUS, 't.txt'), 'film'), { width: 0, height: 0, msDuration: 0 })
})

test('of a film a video track counts and no cover, of a picture an image and no duration', () => {
  const none = { width: 0, height: 0 }
  assert.deepEqual(mediaInfo.dimensions(join(PICTURES, 'mka-cover.mka'), 'film'), { ...none, msDuration: 3006 })
  assert.deepEqual(mediaInfo.dimensions(join(CORPUS, 'i.png'), 'film'), { ...none, msDuration: 0 })
  assert.deepEqual(mediaInfo.dimensions(join(CORPUS, 'i.gif'), 'picture'), { width: 640, height: 360, msDuration: 0 })
  // A film that passes as a picture, as an animation may.
  assert.deepEqual(mediaInfo.dimensions(join(CORPUS, 'v.mp4'), 'picture'), { width: 640, height: 360, msDuration: 0 })
})
