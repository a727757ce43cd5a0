import assert from 'node:assert/strict'
import { closeSync, fstatSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openMediaInfo } from './libmediainfo.ts'
import { CORPUS } from './test-support/corpus.ts'

const mediaInfo = openMediaInfo()

function dimensionsOf(name: string) {
  const fd = openSync(join(CORPUS, name), 'r')
  try {
    return mediaInfo.dimensions(fd, fstatSync(fd).size)
  } finally {
    closeSync(fd)
  }
}

test('a film whose index is at its end is found by reading there', () => {
  assert.deepEqual(dimensionsOf('v.mp4'), { width: 640, height: 360, msDuration: 3000 })
})

test('what has no dimensions has zeros', () => {
  assert.deepEqual(dimensionsOf('t.txt'), { width: 0, height: 0, msDuration: 0 })
})
