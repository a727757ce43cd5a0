/** Shows `drive-feed watch` as a process: its lines, and its ends. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { feedFolder } from '../../../test/support/feed-folder.ts'
import { PROGRAM_MAIN, runProgram } from '../../../test/support/program.ts'
import { launch } from '../../../test/support/service-process.ts'
import { until } from '../../../test/support/until.ts'
import { EXIT_DONE, EXIT_UNUSABLE } from '../exit-codes.ts'

test('changes come as lines until Ctrl-C', async (t) => {
  const { configPath, feed } = await feedFolder(t)
  const args = [PROGRAM_MAIN, 'watch', `--config=${configPath}`]
  const people = launch(t, { command: process.execPath, args })
  const programs = launch(t, { command: process.execPath, args: [...args, '--json'] })
  // `head` leaves after one line, and the next one ends the program.
  const piped = launch(t, {
    command: 'bash',
    args: ['-c', '"$@" | head -n 1; echo $PIPESTATUS', 'bash', process.execPath, ...args],
  })
  const all = [people, programs, piped]
  await until('all to follow', () => all.every((one) => one.stderr().includes('following')))
  feed.put({ id: 'a', parentId: 'media', name: 'line\nbreak' })
  await until('a line of each', () => all.every((one) => one.stdout().includes('\n')))
  assert.match(people.stdout(), /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}created {2}"\/mnt\/media\/line\\nbreak"\n$/)
  const { time, ...change } = JSON.parse(programs.stdout())
  assert.match(time, /^\d{4}-.*Z$/)
  assert.deepEqual(change, { change: 'created', path: '/mnt/media/line\nbreak', is_directory: false })
  feed.put({ id: 'b', parentId: 'media' })
  assert.equal((await piped.exit()).code, 0)
  assert.match(piped.stdout(), /\n0\n$/)
  assert.ok(!piped.stderr().includes('EPIPE'))
  for (const one of [people, programs]) assert.equal((await one.end('SIGINT')).code, EXIT_DONE)
})

test('without a database it says so and ends', async (t) => {
  const place = await feedFolder(t)
  const { status, stderr } = runProgram({ configPath: `${place.configPath}.none` }, ['watch'])
  assert.equal(status, EXIT_UNUSABLE)
  assert.match(stderr, /^drive-feed watch: .*\.none: this config file does not exist; .*\n$/)
})
