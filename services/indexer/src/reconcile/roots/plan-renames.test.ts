/** Tables of watches that only got another name in the config. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SUPER_ROOT_ID, type WatchRootRow } from '@drive-feed/shared/schema.ts'
import { folderRow } from '../../../../../test/support/rows.ts'
import type { KnownNode } from '../../model/known-node.ts'
import { planRenames } from './plan-renames.ts'

function renames(config: Readonly<Record<string, string>>, rows: readonly KnownNode[]): string[] {
  const savedRoots = rows.map(({ nodeId, name }): WatchRootRow => {
    const path = `/mnt/${name}`
    const state = { state: 'watching', stateSinceMs: 0, message: null, unwatchedFolders: 0, wasScanned: true } as const
    return { name, nodeId, path, configuredPath: path, ...state }
  })
  const watches = Object.entries(config).map(([name, path]) => ({ name, path, configuredPath: path }))
  const { renamed, decisions } = planRenames(watches, savedRoots, rows)
  const names = renamed.map(({ saved, name }) => `${saved.name} is ${name}`)
  const nameOf = (nodeId: string) => rows.find((row) => row.nodeId === nodeId)?.name
  return [...names, ...decisions.map((decision) => `${decision.kind} ${nameOf(decision.nodeId)}`)]
}

const rootRows = ['a', 'b', 'c'].map((name, index) => folderRow(index, SUPER_ROOT_ID, name))

test('watches that change names keep their nodes, in a circle and in a chain too', () => {
  assert.deepEqual(renames({ a: '/mnt/a', b: '/mnt/b' }, rootRows), [])
  assert.deepEqual(renames({ new: '/mnt/a', b: '/mnt/b' }, rootRows), ['a is new', 'move a'])
  const circle = { a: '/mnt/b', b: '/mnt/a', c: '/mnt/c' }
  assert.deepEqual(renames(circle, rootRows), ['b is a', 'a is b', 'move a', 'move b'])
  const chain = { b: '/mnt/a', c: '/mnt/b', d: '/mnt/c' }
  assert.deepEqual(renames(chain, rootRows), ['a is b', 'b is c', 'c is d', 'move a', 'move b', 'move c'])
})

test('the node of a watch that is no longer configured makes way for a name', () => {
  assert.deepEqual(renames({ b: '/mnt/a', c: '/mnt/c' }, rootRows), ['a is b', 'move a', 'remove b'])
  assert.deepEqual(renames({ a: '/mnt/new' }, rootRows), [], 'another folder is not a matter of names')
})

test('what is saved of a node that is another watch’s by now tells nothing', () => {
  const [a, b] = rootRows as [KnownNode, KnownNode]
  const state = { state: 'offline', stateSinceMs: 0, message: null, unwatchedFolders: 0, wasScanned: true } as const
  const stale = { name: 'b', nodeId: a.nodeId, path: '/mnt/b', configuredPath: '/mnt/b', ...state }
  const saved = { name: 'a', nodeId: a.nodeId, path: '/mnt/z', configuredPath: '/mnt/z', ...state }
  const watch = (name: string, path: string) => ({ name, path, configuredPath: path })
  const nothing = { renamed: [], decisions: [] }
  assert.deepEqual(planRenames([watch('a', '/mnt/z'), watch('new', '/mnt/b')], [stale, saved], [a]), nothing)
  assert.deepEqual(planRenames([watch('new', '/mnt/b')], [{ ...stale, nodeId: b.nodeId, name: 'c' }], [b]), nothing)
})

test('a watch is known by the path that its links lead to where it is spelled in another way, or was never saved', () => {
  const [a, b] = rootRows as [KnownNode, KnownNode]
  const state = { state: 'watching', stateSinceMs: 0, message: null, unwatchedFolders: 0, wasScanned: true } as const
  const rows = [
    { name: 'a', nodeId: a.nodeId, path: '/mnt/x', configuredPath: '/link/x', ...state },
    { name: 'b', nodeId: b.nodeId, path: '/mnt/y', configuredPath: '', ...state },
  ]
  const watch = (name: string, path: string) => ({ name, path, configuredPath: path })
  const { renamed } = planRenames([watch('a', '/mnt/y'), watch('b', '/mnt/x')], rows, [a, b])
  assert.deepEqual(
    renamed.map(({ saved, name }) => [saved.name, name]),
    [
      ['b', 'a'],
      ['a', 'b'],
    ],
  )
})

test('what was renamed before the saved rows were is not renamed again', () => {
  const path = { path: '/mnt/a', configuredPath: '/mnt/a', state: 'watching', stateSinceMs: 0, message: null } as const
  const row = folderRow(1, SUPER_ROOT_ID, 'new')
  const saved = { name: 'a', nodeId: row.nodeId, unwatchedFolders: 0, wasScanned: true, ...path }
  const plan = planRenames([{ name: 'new', path: '/mnt/a', configuredPath: '/mnt/a' }], [saved], [row])
  assert.deepEqual(plan, { renamed: [{ saved, name: 'new' }], decisions: [] })
})
