/** A tree in memory that makes random decisions for the store and applies them to itself. */
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'
import fc from 'fast-check'
import type { Decision } from '../../services/indexer/src/model/decision.ts'
import { factsOf } from './rows.ts'

/** Three numbers that choose among the decisions that are possible at that moment. */
export type Choice = readonly [what: number, which: number, where: number]

/** One choice or more, up to `maxLength`. */
export function someChoices(maxLength: number): fc.Arbitrary<Choice[]> {
  return fc.array(fc.tuple(fc.nat(99), fc.nat(), fc.nat()), { minLength: 1, maxLength })
}

export type ModelNode = { parentId: string; name: string; isDirectory: boolean }

/** The live nodes, as the decisions leave them. */
export class ModelTree {
  nodes = new Map<string, ModelNode>()
  #names = 0
  readonly #removed: string[] = []

  copy(): ModelTree {
    const copy = new ModelTree()
    copy.nodes = new Map(Array.from(this.nodes, ([id, node]) => [id, { ...node }]))
    copy.#names = this.#names
    copy.#removed.push(...this.#removed)
    return copy
  }

  /** Chooses decisions that are valid now, and applies them here. */
  decide([what, which, where]: Choice): Decision[] {
    const ids = [...this.nodes.keys()]
    const id = ids[which % Math.max(1, ids.length)]
    if (id === undefined || what < 40) return [this.#create(what % 2 === 0, what < 10 ? which : null, where)]
    if (what < 60) return this.#move(id, where)
    if (what < 66) return this.#swap(id, ids[where % ids.length] as string)
    if (what < 72) return this.#dissolve(id, where)
    if (what < 85) return [this.#remove(id)]
    const isDirectory = this.nodes.get(id)?.isDirectory ?? true
    if (isDirectory) return [{ kind: 'adopt', nodeId: id, facts: factsOf(id, { mtime: where }) }]
    const awaiting = { state: 'fresh', dueMs: where } as const
    if (what < 90) return [{ kind: 'recheck', nodeId: id, awaiting }]
    // Up to 2^63, as a sparse file may have. Doubles of that size are a thousand bytes apart.
    const size = where % 3 === 0 ? where * 2 ** 32 : where
    return [{ kind: 'rewrite', nodeId: id, facts: factsOf(id, { size }), awaiting }]
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

  /** Moves what is in a folder elsewhere, and removes the empty folder. */
  #dissolve(nodeId: string, where: number): Decision[] {
    const inside = [...this.nodes].filter(([, { parentId }]) => parentId === nodeId)
    const moves = inside.flatMap(([id]) => this.#move(id, where))
    return inside.some(([id]) => this.nodes.get(id)?.parentId === nodeId) ? moves : [...moves, this.#remove(nodeId)]
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
