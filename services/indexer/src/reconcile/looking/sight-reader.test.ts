/** Shows what an observation means before its filesystem has a name. Stand-ins for the devices. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rootFolder } from '../../../../../test/support/root-folder.ts'
import { DEVICE, folderRow } from '../../../../../test/support/rows.ts'
import { createTree } from '../../model/folder-tree.ts'
import type { RawObservation, SightReaderTools } from './sight-reader.ts'
import { readSights } from './sight-reader.ts'

test('a place whose filesystem can not be asked what it is says nothing, and is looked at again', async () => {
  const top = folderRow(1, 'above', '')
  const folder = createTree().addRoot(rootFolder(), top)
  const hinted: unknown[] = []
  const tools = {
    layout: {
      trust: { isCurrent: () => true, tells: () => true, carriesHash: () => true },
      devices: {
        numberKind: () => 'lasting',
        numberOf: () => DEVICE,
        nameOf: () => undefined,
        resolve: async () => null,
      },
    },
    known: { childAt: () => undefined },
    pending: { hint: (...what: unknown[]) => hinted.push(what) },
  } as unknown as SightReaderTools
  const identity = { deviceNumber: '77', inode: '5', birthTime: 1, mtime: 1, ctime: 1 }
  const raw: RawObservation = { folder, name: 'mounted', sight: { kind: 'folder', ...identity }, cause: 'scan' }
  const [observation] = await readSights(tools, [raw])
  assert.deepEqual(observation?.sight, { kind: 'unreadable' })
  assert.deepEqual(hinted, [[{ parentId: top.nodeId, name: 'mounted' }, 'scan', 'again']])
})
