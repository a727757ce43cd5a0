/** Shows how the progress looks on a terminal and elsewhere. It is written to a stream of the test. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { WriteStream } from 'node:tty'
import type { Progress } from './progress.ts'
import { createProgressView } from './progress-view.ts'

const SCANNING: Progress = {
  state: 'scanning',
  foldersListed: 1,
  foldersWaiting: 1,
  foldersPerSecond: 0,
  filesHashed: 0,
  filesWaiting: 4,
  filesPerSecond: 0,
}

function outputOf(isTTY: boolean) {
  const written: string[] = []
  const output = { isTTY, columns: 40, write: (text: string) => written.push(text) }
  return { written, output: output as unknown as WriteStream }
}

test('on a terminal the bars are redrawn in place, and removed at the end', () => {
  const { written, output } = outputOf(true)
  const view = createProgressView(output)
  view.show(SCANNING, 0)
  assert.equal(written.join('').split('\n').length, 3)
  const upTwoAndErase = '\x1b[2A\x1b[0J'
  view.show(SCANNING, 500)
  assert.equal(written[1], upTwoAndErase)
  view.clear()
  assert.equal(written.at(-1), upTwoAndErase)
  const count = written.length
  view.clear()
  assert.equal(written.length, count)
})

test('elsewhere a line is written when something changed, at most every five seconds, without escape sequences', () => {
  const { written, output } = outputOf(false)
  const view = createProgressView(output)
  view.show(SCANNING, 0)
  view.show({ ...SCANNING, filesHashed: 1 }, 4999)
  view.show({ ...SCANNING, filesHashed: 2 }, 5000)
  view.show({ ...SCANNING, filesHashed: 2 }, 20_000)
  view.clear()
  assert.deepEqual(written, [
    'scan: 1 of 2 folders; metadata: 0 of 4 files\n',
    'scan: 1 of 2 folders; metadata: 2 of 6 files\n',
  ])
})
