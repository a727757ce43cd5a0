import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plainNodeId } from '@drive-feed/shared/node-id.ts'
import type { Known } from '../store/known.ts'
import { decide } from './decide.ts'

test('I1: where a row stood whose inode lives again elsewhere, what waited for it to leave is looked at', () => {
  const facts = { device: '1', inode: '10', size: 3, mtime: 5, ctime: 5, birthTime: 5 }
  const old: Known = {
    ...facts,
    nodeId: plainNodeId('1', '10'),
    parentId: 'top',
    name: 'place',
    isDirectory: false,
    birthTime: 4,
    hash: '',
    metadataState: 'ready',
  }
  const plan = decide(
    [
      {
        parentId: 'top',
        name: 'new',
        known: undefined,
        cause: 'written',
        sight: { kind: 'file', facts, links: 1 },
      },
    ],
    {
      rowsOf: () => [old],
      vacancyOf: () => 'vacant',
      mayRemove: new Set(),
      isBelow: () => false,
      isLive: () => true,
      awaiting: () => ({ state: 'fresh', dueMs: 0 }),
    },
  )
  assert.deepEqual(
    plan.decisions.map(({ kind }) => kind),
    ['remove', 'create'],
  )
  assert.deepEqual(plan.lookAt, [{ place: old, cause: 'touched' }])
})
