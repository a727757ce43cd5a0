/**
 * Models what is around `decide`, without time: rows, limbo and places to look at, for a disk in memory. At each quiet point
 * it looks at every place once, in random batches, and then only at what the plans ask for.
 */
import assert from 'node:assert/strict'
import { plainNodeId } from '@drive-feed/shared/node-id.ts'
import type { Inode, ModelDisk } from '../../../../../../test/support/model-disk.ts'
import { DEVICE, folderRow } from '../../../../../../test/support/rows.ts'
import type { Decision } from '../../../model/decision.ts'
import type { KnownNode } from '../../../model/known-node.ts'
import {
  isPresent,
  isSameInode,
  isSameThing,
  type Observation,
  type Place,
  placeKey,
} from '../../../model/observation.ts'
import { checkPlan } from '../check-plan.ts'
import { decide } from '../decide.ts'
import { rowsToLookAt } from '../match.ts'
import type { Knowledge, Plan, Presence } from '../plan.ts'

/** A plan before it is carried out, with what it was made from. */
export type MadePlan = {
  readonly plan: Plan
  readonly seens: readonly Observation[]
  readonly parentOf: Knowledge['parentOf']
  readonly rows: ReadonlyMap<string, KnownNode>
}

const PATIENCE_TRIES = 20

/** More steps than any of these small trees needs. */
const STEPS_MAX = 500

export class ModelFeed {
  readonly rows = new Map<string, KnownNode>()
  readonly #disk: ModelDisk
  readonly #limbo = new Map<string, boolean>()
  /** How often a row's time in limbo was over. */
  readonly #tries = new Map<string, number>()
  /** Places at which something waits for the id of a row in limbo. */
  readonly #heirs = new Map<string, Place>()
  readonly #top: KnownNode
  /** Places to look at, each once, as hints are. */
  readonly #queue = new Map<string, Place>()
  /** Places to try again after a while. Limbo does not wait for them. */
  #later: Place[] = []
  /** Folders to list when they are next found. */
  readonly #needsVisit = new Set<string>()
  /** Folders that were met since the start. Of the others only the rows are known. */
  readonly #tree = new Set<string>()
  #random: () => number = () => 0
  readonly #onPlan: (made: MadePlan) => void

  constructor(disk: ModelDisk, onPlan: (made: MadePlan) => void = () => {}) {
    this.#disk = disk
    this.#onPlan = onPlan
    this.#top = folderRow(disk.top.number, '', '', { birthTime: disk.top.birthTime })
    this.rows.set(this.#top.nodeId, this.#top)
    this.#tree.add(this.#top.nodeId)
  }

  /** Forgets everything but the rows. */
  restart(): void {
    for (const one of [this.#limbo, this.#tries, this.#heirs, this.#needsVisit, this.#tree]) one.clear()
    this.#tree.add(this.#top.nodeId)
  }

  /** Looks at every place of every folder that was met, and then at what the plans ask for, until nothing is left to do. */
  lookAtAll(random: () => number): void {
    this.#random = random
    for (const row of this.rows.values()) if (this.#tree.has(row.nodeId)) this.#list(row)
    for (let step = 0; this.#queue.size + this.#later.length + this.#limbo.size > 0; step += 1) {
      assert.ok(step < STEPS_MAX, 'it comes to an end')
      if (this.#queue.size > 0) this.#settleSome()
      else {
        const places = this.#later.splice(0)
        this.#settleLimbo()
        for (const place of places) this.#hint(place)
      }
    }
    for (const { nodeId, isDirectory, name } of this.rows.values()) {
      assert.ok(!isDirectory || this.#tree.has(nodeId), `${name} was met`)
    }
  }

  pathOf(row: KnownNode): string[] {
    const names: string[] = []
    for (let at: KnownNode | undefined = row; at !== undefined && at !== this.#top; at = this.rows.get(at.parentId)) {
      names.unshift(at.name)
    }
    return names
  }

  /** The folder on disk, if the path of the row leads to it. The observer thread compares the inode too. */
  #folderOf(row: KnownNode | undefined): Inode | undefined {
    const found = row === undefined ? undefined : this.#disk.resolve(this.pathOf(row))
    return found?.entries !== null && String(found?.number) === row?.inode ? found : undefined
  }

  #list(row: KnownNode): void {
    const folder = this.#folderOf(row)
    if (folder === undefined) {
      this.#needsVisit.add(row.nodeId)
      this.#hint(row)
      return
    }
    const known = [...this.rows.values()].filter((child) => child.parentId === row.nodeId)
    const names = new Set([...(folder.entries?.keys() ?? []), ...known.map((child) => child.name)])
    for (const name of names) this.#hint({ parentId: row.nodeId, name })
  }

  #hint({ parentId, name }: Place): void {
    this.#queue.set(placeKey({ parentId, name }), { parentId, name })
  }

  #childAt({ parentId, name }: Place): KnownNode | undefined {
    return [...this.rows.values()].find((row) => row.parentId === parentId && row.name === name)
  }

  /** Undefined if the folder is not found. */
  #see(place: Place): Observation | undefined {
    const folder = this.#folderOf(this.rows.get(place.parentId))
    if (folder === undefined) return undefined
    const { parentId, name } = place
    const sight = this.#disk.sight(folder.entries?.get(name))
    return { parentId, name, sight, known: this.#childAt(place), cause: 'touched' }
  }

  #settleSome(): void {
    const batch: Place[] = []
    const size = 1 + Math.floor(this.#random() * 8)
    while (batch.length < size && this.#queue.size > 0) {
      const place = [...this.#queue.values()][Math.floor(this.#random() * this.#queue.size)] as Place
      this.#queue.delete(placeKey(place))
      if (this.#tree.has(place.parentId)) batch.push(place)
    }
    const observations: Observation[] = []
    for (const place of batch) {
      const observation = this.#see(place)
      if (observation !== undefined) observations.push(observation)
      else this.#notFound(place)
    }
    this.#settle(observations, new Set(), new Set())
  }

  /** Tries the place again after the folder's own place was looked at. */
  #notFound(place: Place): void {
    const parent = this.rows.get(place.parentId)
    this.#needsVisit.add(place.parentId)
    this.#later.push(place)
    if (parent !== undefined) this.#hint(parent)
  }

  #settleLimbo(): void {
    const due = new Set<string>()
    const unseen = new Set<string>()
    const observations = new Map<string, Observation>()
    const heirs = new Map<string, Observation>()
    for (const [nodeId, blocks] of [...this.#limbo]) {
      const row = this.rows.get(nodeId)
      const isDue = this.#random() < 0.5
      if (row === undefined) this.#limbo.delete(nodeId)
      if (row === undefined || (!isDue && !blocks)) continue
      const isPlaced = this.#tree.has(row.parentId)
      const observation = isPlaced ? this.#see(row) : undefined
      const heir = this.#heirs.get(nodeId)
      const heirSeen = heir === undefined ? undefined : this.#see(heir)
      if (isDue) due.add(nodeId)
      if (heirSeen !== undefined) heirs.set(placeKey(heirSeen), heirSeen)
      if (observation !== undefined) observations.set(placeKey(observation), observation)
      else {
        unseen.add(nodeId)
        const parent = this.rows.get(row.parentId)
        if (isPlaced && parent !== undefined) this.#hint(parent)
      }
    }
    const all = [...new Map([...heirs, ...observations]).values()]
    const below = this.#searchBelow(all)
    for (const { known } of below) if (known !== undefined) unseen.delete(known.nodeId)
    const sure = due.difference(unseen).union(due.intersection(new Set(this.#heirs.keys())))
    for (const id of sure) this.#tries.set(id, (this.#tries.get(id) ?? 0) + 1)
    const overdue = new Set([...sure].filter((id) => (this.#tries.get(id) ?? 0) > PATIENCE_TRIES))
    const byPlace = new Map([...below, ...all].map((observation) => [placeKey(observation), observation]))
    this.#settle([...byPlace.values()], sure, overdue)
  }

  /** Does on this disk what `searchBelow` does. */
  #searchBelow(observations: readonly Observation[]): Observation[] {
    const found = new Map<string, Observation>()
    const rows = [...this.rows.values()]
    const walk = (folder: Inode, parentId: string, way: readonly Observation[]) => {
      for (const [name, inode] of folder.entries ?? []) {
        const sight = this.#disk.sight(inode)
        if (!isPresent(sight)) continue
        const known = this.#childAt({ parentId, name })
        const here = [...way, { parentId, name, sight, known, cause: 'scan' as const }]
        const same = rows.filter((row) => isSameThing(row, sight))
        const isElsewhere = same.length > 0 && !same.some((row) => row.parentId === parentId && row.name === name)
        if (isElsewhere) for (const observation of here) found.set(placeKey(observation), observation)
        if (inode.entries !== null) walk(inode, plainNodeId(DEVICE, String(inode.number)), here)
      }
    }
    for (const { sight, known, parentId, name } of observations) {
      if (sight.kind !== 'folder' || (known !== undefined && isSameThing(known, sight))) continue
      const folder = this.#folderOf(this.rows.get(parentId))?.entries?.get(name)
      if (folder !== undefined) walk(folder, plainNodeId(DEVICE, sight.facts.inode), [])
    }
    return [...found.values()]
  }

  #settle(observations: readonly Observation[], mayRemove: ReadonlySet<string>, mustRemove: ReadonlySet<string>): void {
    const rows = [...this.rows.values()]
    const rowsOf = (facts: Parameters<typeof isSameInode>[1]) => rows.filter((row) => isSameInode(row, facts))
    const looked = new Map<string, Presence>(
      rowsToLookAt(observations, rowsOf)
        .filter((row) => !this.#limbo.has(row.nodeId))
        .map((row) => [row.nodeId, this.#lookAt(row)]),
    )
    const parentOf: Knowledge['parentOf'] = (folderId) =>
      folderId === this.#top.nodeId ? null : this.rows.get(folderId)?.parentId
    const plan = decide(observations, {
      rowsOf,
      presenceOf: (row) => (this.#limbo.has(row.nodeId) ? 'absent' : (looked.get(row.nodeId) ?? 'unknown')),
      ends: { mayRemove, mustRemove },
      parentOf,
      isAway: () => false,
      hasChildren: (folderId) => rows.some((row) => row.parentId === folderId),
      numbersLast: () => true,
      carriesHash: () => true,
      isIdTaken: () => false,
      awaiting: () => ({ state: 'ready', dueMs: 0 }),
    })
    checkPlan(plan, observations, parentOf)
    this.#onPlan({ plan, seens: observations, parentOf, rows: this.rows })
    for (const decision of plan.decisions) this.#carryOut(decision)
    this.#check()
    this.#followUp(plan)
  }

  #lookAt(row: KnownNode): Presence {
    const observation = this.#see(row)
    if (observation === undefined) return row.isDirectory ? 'absent' : 'unknown'
    return isPresent(observation.sight) && observation.sight.facts.inode === row.inode ? 'present' : 'absent'
  }

  #isBelow(parentId: string, folderId: string): boolean {
    for (let at = this.rows.get(parentId); at !== undefined; at = this.rows.get(at.parentId)) {
      if (at.nodeId === folderId) return true
    }
    return false
  }

  #carryOut(decision: Decision): void {
    const { nodeId } = decision
    const row = this.rows.get(nodeId)
    if (decision.kind === 'create') {
      assert.ok(row === undefined, 'an id is given once')
      const { parentId, name, isDirectory, facts } = decision
      this.rows.set(nodeId, { nodeId, parentId, name, isDirectory, ...facts, hash: 'h', metadataState: 'ready' })
      return
    }
    if (decision.kind === 'remove') {
      const gone = [...this.rows.keys()].filter((id) => this.#isBelow(id, nodeId))
      for (const id of gone) {
        const goneRow = this.rows.get(id)
        this.rows.delete(id)
        this.#tree.delete(id)
        if (goneRow !== undefined) this.#checkRemoval(goneRow)
      }
      return
    }
    assert.ok(row !== undefined, `${decision.kind} is about a node that lives`)
    if (decision.kind === 'move') {
      const { parentId, name, ctime } = decision
      this.rows.set(nodeId, { ...row, parentId, name, ctime })
    } else if (decision.kind === 'rewrite' || decision.kind === 'adopt') {
      this.rows.set(nodeId, { ...row, ...decision.facts })
    }
  }

  /** Asserts that nothing is removed that is still on the disk: it would be read again as if it were new. */
  #checkRemoval(row: KnownNode): void {
    const isIt = ({ number, birthTime, entries }: Inode) =>
      String(number) === row.inode && birthTime === row.birthTime && (entries !== null) === row.isDirectory
    const names = [...this.#disk.names()].filter(({ inode }) => isIt(inode))
    const left = [...this.rows.values()].filter((other) => other.inode === row.inode)
    // While a folder moves, its hard links may be moved or further names, and nobody can tell which. They may be removed
    // with the folder and found again. So may what was in a folder whose id another one needs.
    const wasKept = names.length !== 1 || left.length > 0
    assert.ok(wasKept || this.#disk.reusesNumbers, `${names[0]?.path} is removed though it is there`)
  }

  /** Asserts I11, and that every row has its folder. */
  #check(): void {
    const places = new Set<string>()
    for (const row of this.rows.values()) {
      assert.ok(!places.has(placeKey(row)), `I11: two nodes are called ${row.name} in one folder`)
      places.add(placeKey(row))
      assert.ok(row === this.#top || this.rows.get(row.parentId)?.isDirectory, `${row.name} hangs under nothing`)
      assert.ok(row === this.#top || this.#isBelow(row.nodeId, this.#top.nodeId), `${row.name} is below itself`)
    }
  }

  #followUp(plan: Plan): void {
    for (const nodeId of plan.found) {
      this.#limbo.delete(nodeId)
      this.#tries.delete(nodeId)
    }
    for (const nodeId of plan.reborn) {
      for (const id of [...this.#tree]) if (this.#isBelow(id, nodeId)) this.#tree.delete(id)
    }
    for (const decision of plan.decisions) {
      if (decision.kind === 'create' || decision.kind === 'move') {
        if (decision.isDirectory) this.#meet(decision.nodeId, decision.parentId)
      } else if (decision.kind === 'remove') this.#limbo.delete(decision.nodeId)
    }
    for (const { nodeId, place } of plan.present) this.#meet(nodeId, place.parentId)
    for (const { row, blocks, heir } of plan.toLimbo) {
      if (heir !== null) this.#heirs.set(row.nodeId, heir)
      this.#limbo.set(row.nodeId, blocks || this.#limbo.get(row.nodeId) === true)
    }
    for (const { parentId, name } of plan.again) this.#later.push({ parentId, name })
    for (const { place } of plan.lookAt) this.#hint(place)
  }

  /** Takes a folder into the tree, and lists it if it was not listed yet. */
  #meet(nodeId: string, parentId: string): void {
    const row = this.rows.get(nodeId)
    if (row === undefined || !this.#tree.has(parentId)) return
    if (this.#tree.has(nodeId) && !this.#needsVisit.has(nodeId)) return
    this.#tree.add(nodeId)
    this.#needsVisit.delete(nodeId)
    this.#list(row)
  }
}
