/** Shows what `drive-feed status` says and how it ends, on databases that the test writes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { feedFolder } from '../../../test/support/feed-folder.ts'
import { runProgram } from '../../../test/support/program.ts'
import { EXIT_DONE, EXIT_NOT_WELL } from '../exit-codes.ts'

test('all is well: 0, with each root and its totals', async (t) => {
  const place = await feedFolder(t)
  place.setStatus({})
  place.feed.sqlite.exec(
    "INSERT INTO root_totals (node_id, files, bytes) VALUES ('media', 1234, '20000000000000000000')",
  )
  const { status, stdout, stderr } = runProgram(place, ['status'])
  assert.deepEqual([status, stderr], [EXIT_DONE, ''])
  assert.match(stdout, /^Watching for changes\.\n/)
  assert.match(stdout, /^media {2}watching {2}1,234 files {2}17\.3 EiB {2}\/mnt\/media$/m)
  assert.match(stdout, /^Api {6}no answer from here at http:\/\/127\.0\.0\.1:\d+$/m)
})

test('work that is left has its time, and names are shown safely', async (t) => {
  const place = await feedFolder(t)
  place.setStatus({
    state: 'scanning',
    folders_listed: 10,
    folders_waiting: 20,
    files_waiting: 3000,
    files_per_second: 5,
  })
  place.feed.watch('\u001b[31m', '/mnt/other')
  const { stdout } = runProgram(place, ['status'])
  assert.match(stdout, /^Scan {5}10 of 30 folders, 0\/s, time left unknown$/m)
  assert.match(stdout, /^Files {4}0 of 3,000 files, 5\/s, about 10 min left$/m)
  assert.ok(!stdout.includes('\u001b'))
})

test('a problem, and an indexer that does not run, are told with what to do: 1', async (t) => {
  const place = await feedFolder(t)
  place.setStatus({ state: 'stopped' })
  place.feed.sqlite.exec(
    "INSERT INTO problems (id, code, root, text, fix, since_ms) VALUES (1, 'files_unreadable', 'media', 'one file', 'look', 0)",
  )
  const people = runProgram(place, ['status'])
  assert.equal(people.status, EXIT_NOT_WELL)
  assert.match(people.stdout, /media: one file\n {2}What to do: look\n/)
  const { status, stdout } = runProgram(place, ['status', '--json'])
  assert.equal(status, EXIT_NOT_WELL)
  const told = JSON.parse(stdout)
  assert.equal(told.state, 'stopped')
  assert.deepEqual(
    told.problems.map(({ code, fix }: { code: string; fix: string }) => [code, fix]),
    [
      ['indexer_stopped', 'start it, and see its log for what ended it'],
      ['files_unreadable', 'look'],
    ],
  )
  assert.deepEqual(Object.keys(told), [
    ...['state', 'problems', 'initial_scan_complete', 'version', 'started', 'heartbeat_age_seconds', 'roots', 'scan'],
    ...['metadata', 'api'],
  ])
})

test('an indexer that never wrote its status is said', async (t) => {
  const { status, stderr } = runProgram(await feedFolder(t), ['status'])
  assert.deepEqual([status, stderr], [EXIT_NOT_WELL, 'drive-feed status: the indexer has not started yet\n'])
})
