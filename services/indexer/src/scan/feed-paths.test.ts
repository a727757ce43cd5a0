/** Shows which path a place has for patterns: a table. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFeedPaths } from './feed-paths.ts'

test('a path begins with the name of its watch, also when a link of that leads elsewhere', () => {
  const paths = createFeedPaths([
    { name: 'photos', path: '/mnt/photos', configuredPath: '/mnt/photos' },
    { name: 'films', path: '/disk1/films', configuredPath: '/mnt/films' },
  ])
  const asked = ['/mnt/photos', '/mnt/photos/2024/a', '/mnt/photos2/a', '/disk1/films/x']
  assert.deepEqual(asked.map(paths.of), ['photos', 'photos/2024/a', '/mnt/photos2/a', 'films/x'])
  paths.resolved('/mnt/films', '/disk2/films')
  assert.deepEqual(['/disk1/films/x', '/disk2/films/x'].map(paths.of), ['/disk1/films/x', 'films/x'])
})

test('the top of the disk can be a watch', () => {
  const paths = createFeedPaths([{ name: 'all', path: '/', configuredPath: '/' }])
  assert.deepEqual(['/', '/etc', '/etc/x'].map(paths.of), ['all', 'all/etc', 'all/etc/x'])
})
