import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Ancestor } from '../queries.ts'
import { joinPath } from './node-path.ts'

const folder = (name: string): Ancestor => ({ name, rootPath: null })
const cases: readonly (readonly [ancestors: readonly Ancestor[], path: string | null])[] = [
  [[{ name: 'media', rootPath: '/mnt/media' }], '/mnt/media'],
  [[folder('a b.jpg'), folder('photos'), { name: 'media', rootPath: '/mnt/media' }], '/mnt/media/photos/a b.jpg'],
  [[{ name: 'all', rootPath: '/' }], '/'],
  [[folder('etc'), { name: 'all', rootPath: '/' }], '/etc'],
  [[folder('a'), folder('b')], null],
  [[], null],
]

for (const [ancestors, path] of cases) {
  const names = ancestors.map((ancestor) => ancestor.name).join(' in ')
  test(`the path of ${names || 'nothing'} is ${path}`, () => assert.equal(joinPath(ancestors), path))
}
