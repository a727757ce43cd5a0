/** Random decisions against the real store: whatever happens, the invariants hold and every client ends with the tree. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'
import fc from 'fast-check'
import { checkFile, createFeedClient, liveNodes } from '../../test-support/feed-client.ts'
import { openStore } from '../../test-support/open-store.ts'
import { factsOf } from '../../test-support/rows.ts'
import type { Decision } from './store.ts'

/** Three numbers that choose among what is possible at that moment. */
type Choice = readonly [what: number, which: number, where: number]

const choices: fc.Arbitrary<Choice[]> = fc.array(fc.tuple(fc.nat(99), fc.nat(), fc.nat()), {
  minLength: 1,
  maxLength: 6,
})

type ModelNode = { parentId: string; name: string; isDirectory: boolean }

/** What lives, as the decisions leave it. */
class Model {
  nodes = new Map<string, ModelNode>()
  #names = 0
  readonly #removed: string[] = []

  copy(): Model {
    const copy = new Model()
    copy.nodes = new Map(Array.from(this.nodes, ([id, node]) => [id, { ...node }]))
    copy.#names = this.#names
    copy.#removed.push(...this.#removed)
    return copy
  }

  /** Decisions that are legal now, and does them here. */
  decide([what, which, where]: Choice): Decision[] {
    const ids = [...this.nodes.keys()]
    const id = ids[which % Math.max(1, ids.length)]
    if (id === undefined || what < 40) return [this.#create(what % 2 === 0, what < 10 ? which : null, where)]
    if (what < 60) return this.#move(id, where)
    if (what < 70) return this.#swap(id, ids[where % ids.length] as string)
    if (what < 85) return [this.#remove(id)]
    const isDirectory = this.nodes.get(id)?.isDirectory ?? true
    if (isDirectory) return [{ kind: 'adopt', nodeId: id, facts: factsOf(id, { mtime: where }) }]
    const awaiting = { state: 'fresh', dueMs: where } as const
    if (what < 90) return [{ kind: 'recheck', nodeId: id, awaiting }]
    return [{ kind: 'rewrite', nodeId: id, facts: factsOf(id, { size: where }), awaiting }]
  }

  #create(isDirectory: boolean, reused: number | null, where: number): Decision {
    this.#names += 1
    const buried = reused === null ? undefined : this.#removed[reused % Math.max(1, this.#removed.length)]
    const nodeId = buried !== undefined && !this.nodes.has(buried) ? buried : `n${this.#names}`
    const node = { parentId: this.#folder(where), name: `name ${this.#names}`, isDirectory }
    this.nodes.set(nodeId, node)
    const awaiting = { state: isDirectory ? 'ready' : 'fresh', dueMs: 0 } as const
    return { kind: 'create', nodeId, ...node, facts: factsOf(nodeId), awaiting, copyOf: null }
  }

  #move(nodeId: string, where: number): Decision[] {
    const parentId = this.#folder(where)
    if (this.#isBelow(parentId, nodeId)) return []
    this.#names += 1
    return [this.#put(nodeId, parentId, `name ${this.#names}`)]
  }

  #swap(a: string, b: string): Decision[] {
    const [first, second] = [this.nodes.get(a), this.nodes.get(b)]
    if (first === undefined || second === undefined || a === b) return []
    if (this.#isBelow(first.parentId, b) || this.#isBelow(second.parentId, a)) return []
    const [at, to] = [{ ...first }, { ...second }]
    return [this.#put(a, to.parentId, to.name), this.#put(b, at.parentId, at.name)]
  }

  #put(nodeId: string, parentId: string, name: string): Decision {
    const node = this.nodes.get(nodeId) as ModelNode
    Object.assign(node, { parentId, name })
    return { kind: 'move', nodeId, parentId, name, isDirectory: node.isDirectory, ctime: 1 }
  }

  #remove(nodeId: string): Decision {
    const gone = [...this.nodes.keys()].filter((id) => this.#isBelow(id, nodeId))
    for (const id of gone) this.nodes.delete(id)
    this.#removed.push(...gone)
    return { kind: 'remove', nodeId }
  }

  #folder(where: number): string {
    const folders = [SUPER_ROOT_ID, ...[...this.nodes].filter(([, node]) => node.isDirectory).map(([id]) => id)]
    return folders[where % folders.length] as string
  }

  #isBelow(id: string, ancestor: string): boolean {
    for (let at: string | undefined = id; at !== undefined; at = this.nodes.get(at)?.parentId) {
      if (at === ancestor) return true
    }
    return false
  }
}

const steps = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ kind: fc.constant('apply' as const), choices }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('fail' as const), choices }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('read' as const) }) },
  ),
  { minLength: 1, maxLength: 40 },
)

test('I2, I3, I4, I5, I11: any history leaves a sound file, and every client ends with what lives', (t) => {
  const { db, store } = openStore(t)
  const everything = db.sqlite.prepare('DELETE FROM nodes WHERE node_id <> ?')
  fc.assert(
    fc.property(steps, (history) => {
      everything.run(SUPER_ROOT_ID)
      db.sqlite.exec('DELETE FROM changes')
      let model = new Model()
      const clients = [createFeedClient(db)]
      let head = store.head()
      for (const step of history) {
        if (step.kind === 'read') {
          // One client that reads now and then, and a new one that starts here and reads at the end only.
          clients[0]?.catchUp()
          const fresh = createFeedClient(db)
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
      clients.push(createFeedClient(db))
      for (const client of clients) {
        client.catchUp()
        assert.deepEqual(client.nodes, live)
        assert.ok(client.cursor() <= head)
      }
    }),
    { numRuns: 150 },
  )
})
