import assert from 'node:assert/strict'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openMediaInfo } from './libmediainfo.ts'
import { CORPUS } from './test-support/corpus.ts'
import { temporaryFolder } from './test-support/temporary-folder.ts'

const mediaInfo = openMediaInfo()

test('a path that is not ASCII is opened as it is, whatever the locale', (context) => {
  const path = join(temporaryFolder(context), '日本😀 é.jpg')
  copyFileSync(join(CORPUS, 'i.jpg'), path)
  assert.deepEqual(mediaInfo.dimensions(path), { width: 640, height: 360, msDuration: 0 })
})

test('what can not be opened is told from what has no dimensions', () => {
  assert.equal(mediaInfo.dimensions('/nowhere/i.jpg'), null)
  assert.deepEqual(mediaInfo.dimensions(join(CORPUS, 't.txt')), { width: 0, height: 0, msDuration: 0 })
})
