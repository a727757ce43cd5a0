/**
 * Shows I2 to I5 and I11 for the store: random decisions on a real database, after each of which the file is checked
 * and clients are compared with the tree.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'
import fc from 'fast-check'
import { checkFile } from '../../../../test/support/check-file.ts'
import { createLogClient, liveNodes } from '../../../../test/support/log-client.ts'
import { ModelTree, someChoices } from '../../../../test/support/model-tree.ts'
import { openStore } from '../../../../test/support/open-store.ts'
import { factsOf } from '../../../../test/support/rows.ts'

const choices = someChoices(6)

const steps = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ kind: fc.constant('apply' as const), choices }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('fail' as const), choices }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('read' as const) }) },
  ),
  { minLength: 1, maxLength: 40 },
)

test('I2, I3, I4, I5, I11: any history leaves a sound file with right totals, and every client ends with what lives', (t) => {
  const { db, store } = openStore(t)
  const everything = db.sqlite.prepare('DELETE FROM nodes WHERE node_id <> ?')
  fc.assert(
    fc.property(steps, (history) => {
      everything.run(SUPER_ROOT_ID)
      db.sqlite.exec('DELETE FROM changes; DELETE FROM root_totals')
      let model = new ModelTree()
      const clients = [createLogClient(db)]
      let head = store.head()
      for (const step of history) {
        if (step.kind === 'read') {
          // One client that reads now and then, and a new one that starts here and reads at the end only.
          clients[0]?.catchUp()
          const fresh = createLogClient(db)
          fresh.catchUp()
          clients.push(fresh)
          continue
        }
        const next = model.copy()
        const decisions = step.choices.flatMap((choice) => next.decide(choice))
        if (step.kind === 'apply') {
          store.apply(decisions)
          model = next
        } else {
          const impossible = {
            kind: 'create',
            nodeId: SUPER_ROOT_ID,
            parentId: '',
            name: '',
            isDirectory: true,
          } as const
          const about = { facts: factsOf(0), awaiting: { state: 'ready', dueMs: 0 }, copyOf: null } as const
          assert.throws(() => store.apply([...decisions, { ...impossible, ...about }]))
        }
        assert.ok(store.head() >= head, 'I5: cursors only grow')
        head = store.head()
        checkFile(db)
      }
      const live = new Map(liveNodes(db).map((node) => [node.nodeId, node]))
      assert.deepEqual([...live.keys()].toSorted(), [...model.nodes.keys()].toSorted())
      for (const [id, { parentId, name }] of model.nodes) {
        assert.deepEqual([live.get(id)?.parentId, live.get(id)?.name], [parentId, name])
      }
      clients.push(createLogClient(db))
      for (const client of clients) {
        client.catchUp()
        assert.deepEqual(client.nodes, live)
        assert.ok(client.cursor() <= head)
      }
    }),
    { numRuns: 150 },
  )
})
