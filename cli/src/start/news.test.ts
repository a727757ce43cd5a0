/** Shows which lines problems give over time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createNews } from './news.ts'

test('a problem is told when it appears and when it has passed, each once', () => {
  const news = createNews()
  const away = { key: 'away media', line: 'media: is away' }
  const unread = (count: number) => ({ key: 'files_unreadable', line: `${count} files can not be read` })
  assert.deepEqual(news.of([]), [])
  assert.deepEqual(news.of([away]), ['Problem: media: is away'])
  assert.deepEqual(news.of([away, unread(1)]), ['Problem: 1 files can not be read'])
  assert.deepEqual(news.of([away, unread(2)]), [], 'only a number changed')
  assert.ok(news.hasProblems())
  assert.deepEqual(news.of([unread(3)]), ['Passed: media: is away'])
  assert.deepEqual(news.of([]), ['Passed: 1 files can not be read'])
  assert.ok(!news.hasProblems())
  assert.deepEqual(news.of([away]), ['Problem: media: is away'], 'it is back')
})
