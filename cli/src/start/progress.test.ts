/** Shows the text of the progress for given counts: tables over the pure functions. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isUpToDate, type Progress, progressBars, progressLine } from './progress.ts'

const SCANNING: Progress = {
  state: 'scanning',
  foldersListed: 1234,
  foldersWaiting: 1126,
  foldersPerSecond: 0,
  filesHashed: 1500,
  filesWaiting: 8500,
  filesPerSecond: 300,
}

test('bars show how much of what is known is done, and how fast', () => {
  assert.deepEqual(progressBars(SCANNING, 100), [
    'Scan      [###############...............]  52%  1,234 of 2,360 folders',
    'Metadata  [####..........................]  15%  1,500 of 10,000 files, 300/s, 29 s left',
  ])
})

test('bars fit the terminal', () => {
  assert.deepEqual(progressBars(SCANNING, 80), [
    'Scan      [##########...........]  52%  1,234 of 2,360 folders',
    'Metadata  [###..................]  15%  1,500 of 10,000 files, 300/s, 29 s left',
  ])
  assert.deepEqual(progressBars(SCANNING, 20), ['Scan      [####....', 'Metadata  [#.......'])
})

test('before anything is known nothing is done', () => {
  const starting: Progress = {
    ...SCANNING,
    state: 'starting',
    foldersListed: 0,
    foldersWaiting: 0,
    filesHashed: 0,
    filesWaiting: 0,
    filesPerSecond: 0,
  }
  assert.deepEqual(progressBars(starting, 100), [
    'Scan      [..............................]   0%  0 of 0 folders',
    'Metadata  [..............................]   0%  0 of 0 files, 0/s',
  ])
})

test('100 % is shown only when nothing is left', () => {
  const allKnownHashed: Progress = { ...SCANNING, foldersWaiting: 0, filesWaiting: 0 }
  assert.match(progressBars(allKnownHashed, 100).join('\n'), / 99% .*\n.* 99% /)
  assert.ok(!isUpToDate(allKnownHashed))
  const watching: Progress = { ...allKnownHashed, state: 'watching' }
  assert.match(progressBars(watching, 100).join('\n'), /100% .*\n.*100% /)
  assert.ok(isUpToDate(watching))
})

test('a second start, with nothing to hash, is complete', () => {
  const watching: Progress = {
    ...SCANNING,
    state: 'watching',
    foldersListed: 0,
    foldersWaiting: 0,
    filesHashed: 0,
    filesWaiting: 0,
  }
  assert.match(progressBars(watching, 100).join('\n'), /100% .*\n.*100% /)
})

test('one line shows the same', () => {
  assert.equal(progressLine(SCANNING), 'scan: 1,234 of 2,360 folders; metadata: 1,500 of 10,000 files')
})

test('the time that is left is rounded up, in one unit', () => {
  const leftAfter = (filesWaiting: number, filesPerSecond: number) =>
    / files, .*\/s(, .*)?$/.exec(progressBars({ ...SCANNING, filesWaiting, filesPerSecond }, 200)[1] ?? '')?.[1]
  assert.equal(leftAfter(10, 0), undefined)
  assert.equal(leftAfter(0, 5), undefined)
  assert.equal(leftAfter(1, 5), ', 1 s left')
  assert.equal(leftAfter(91, 1), ', 2 min left')
  assert.equal(leftAfter(6000, 1), ', 2 h left')
  assert.equal(leftAfter(200_000, 1), ', 3 days left')
})
