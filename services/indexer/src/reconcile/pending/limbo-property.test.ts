/**
 * Proves that limbo's state machine equals a model of it in every order of events and at every time.
 *
 * The model keeps a stay's times in plain fields and has no states: it was written from the code before the machine. Random
 * histories run on both. After every step the entries, the rows that are due and the next deadline must be equal. Most times
 * between steps are a limit or one millisecond beside it, because two readings of a rule differ there.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { fileRow } from '../../../../../test/support/rows.ts'
import type { KnownNode } from '../../model/known-node.ts'
import type { Place } from '../../model/observation.ts'
import { createLimbo, dueMsOf, isBlocking, type LimboEntry } from './limbo.ts'
import { DEFERRALS, type DeferReason } from './limbo-times.ts'

const DEVICES = ['disk', 'stick'] as const
const IDS = ['one', 'two', 'three'] as const
const ABSENT = 'never put in'

const REASONS = Object.keys(DEFERRALS) as DeferReason[]

/** A row in limbo, and what the model counts of it. */
type Stay = {
  readonly row: KnownNode
  heir: Place | null
  blocks: boolean
  isOfEarlierMount: boolean
  sinceMs: number
  /** Infinity before the end of the scan. */
  dueMs: number
  waitsForScan: boolean
  /** Deferrals in a row for a reason that grows. */
  unknowns: number
  disturbed: number
}

type PutOptions = {
  readonly blocks: boolean
  readonly isAfterScan: boolean
  readonly heir: Place | null
  readonly isOfEarlierMount: boolean
}

class LimboModel {
  readonly stays = new Map<string, Stay>()
  nextMs = Number.POSITIVE_INFINITY

  put(row: KnownNode, { blocks, isAfterScan, heir, isOfEarlierMount }: PutOptions, nowMs: number): void {
    const dueMs = isAfterScan ? Number.POSITIVE_INFINITY : nowMs + (blocks ? 50 : 500)
    const stay = this.stays.get(row.nodeId)
    if (stay === undefined) {
      const added = { row, heir, blocks, isOfEarlierMount, sinceMs: nowMs, dueMs, waitsForScan: isAfterScan }
      this.stays.set(row.nodeId, { ...added, unknowns: 0, disturbed: 0 })
      this.#noteDeadline(dueMs)
      return
    }
    if (heir !== null) stay.heir = heir
    if (stay.unknowns > 0) {
      stay.unknowns = 0
      this.#setDue(stay, Math.min(stay.dueMs, nowMs + 500))
    } else if (blocks && !stay.blocks) {
      stay.blocks = true
      if (stay.waitsForScan && !isAfterScan) {
        stay.waitsForScan = false
        stay.sinceMs = nowMs
      }
      this.#setDue(stay, Math.min(stay.dueMs, dueMs))
    }
  }

  scanEnded(nowMs: number): void {
    for (const stay of this.stays.values()) {
      if (!stay.waitsForScan) continue
      stay.waitsForScan = false
      stay.sinceMs = nowMs
      this.#setDue(stay, nowMs + (stay.blocks ? 50 : 500))
    }
  }

  /** Returns whether the reason had more time for the row. */
  defer(nodeId: string, reason: DeferReason, nowMs: number): boolean {
    const stay = this.stays.get(nodeId)
    if (stay === undefined) return false
    const ageMs = nowMs - stay.sinceMs
    if (reason === 'disturbed') {
      if (stay.waitsForScan) return true
      if (stay.disturbed === 5) return false
      stay.disturbed += 1
      this.#setDue(stay, nowMs)
      return true
    }
    if ((reason === 'moving' || reason === 'unmet') && ageMs >= 10_000) return false
    if (reason === 'unsettled' && ageMs >= 1_500) return false
    if (stay.waitsForScan) return true
    if (reason === 'unknown' || reason === 'away') {
      this.#setDue(stay, nowMs + Math.min(500 * 2 ** stay.unknowns, 60_000))
      stay.unknowns += 1
    } else this.#setDue(stay, nowMs + 500)
    return true
  }

  mountedAnew(device: string): void {
    for (const stay of this.stays.values()) if (stay.row.device === device) stay.isOfEarlierMount = true
  }

  due(nowMs: number): Stay[] {
    if (this.nextMs > nowMs) return []
    const stays = [...this.stays.values()]
    this.nextMs = Math.min(Number.POSITIVE_INFINITY, ...stays.map(({ dueMs }) => dueMs))
    return stays.filter(({ dueMs }) => dueMs <= nowMs)
  }

  #setDue(stay: Stay, dueMs: number): void {
    stay.dueMs = dueMs
    this.#noteDeadline(dueMs)
  }

  #noteDeadline(dueMs: number): void {
    this.nextMs = Math.min(this.nextMs, dueMs)
  }
}

type Step = { readonly waitMs: number } & (
  | { readonly kind: 'put'; readonly id: string; readonly options: PutOptions }
  | { readonly kind: 'defer'; readonly id: string; readonly reason: DeferReason }
  | { readonly kind: 'release'; readonly id: string }
  /** Releases an entry that may be of an earlier stay: the `at`th of all. */
  | { readonly kind: 'release-entry'; readonly at: number }
  | { readonly kind: 'scan-ended' }
  | { readonly kind: 'mounted'; readonly device: string }
  | { readonly kind: 'take-due' }
)

const waitMs = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(0, 1, 49, 50, 51, 499, 500, 501, 1_000, 1_500, 1_501) },
  { weight: 1, arbitrary: fc.constantFrom(9_999, 10_000, 10_001, 59_999, 60_000, 60_001) },
  { weight: 1, arbitrary: fc.nat(2_000) },
)
const id = fc.constantFrom(...IDS, ABSENT)
const options: fc.Arbitrary<PutOptions> = fc.record({
  blocks: fc.boolean(),
  isAfterScan: fc.boolean(),
  heir: fc.option(fc.constantFrom<Place>({ parentId: 'p', name: 'x' }, { parentId: 'p', name: 'y' })),
  isOfEarlierMount: fc.boolean(),
})
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('put'), waitMs, id: fc.constantFrom(...IDS), options }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('defer'), waitMs, id, reason: fc.constantFrom(...REASONS) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('release'), waitMs, id }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('release-entry'), waitMs, at: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('scan-ended'), waitMs }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('mounted'), waitMs, device: fc.constantFrom(...DEVICES) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('take-due'), waitMs }) },
) as fc.Arbitrary<Step>

/** Runs limbo and the model side by side, and remembers which entry is which stay. */
class Pair {
  readonly limbo = createLimbo()
  readonly model = new LimboModel()
  readonly #begun: { readonly stay: Stay; readonly entry: LimboEntry }[] = []
  #nowMs = 1_000_000

  do(one: Step): void {
    this.#nowMs += one.waitMs
    const [limbo, model, nowMs] = [this.limbo, this.model, this.#nowMs]
    if (one.kind === 'put') this.#put(one)
    else if (one.kind === 'defer') {
      assert.equal(limbo.defer(one.id, one.reason, nowMs), model.defer(one.id, one.reason, nowMs), 'has more time')
    } else if (one.kind === 'release') {
      limbo.release(one.id)
      model.stays.delete(one.id)
    } else if (one.kind === 'release-entry') this.#releaseEntry(one.at)
    else if (one.kind === 'scan-ended') {
      limbo.scanEnded(nowMs)
      model.scanEnded(nowMs)
    } else if (one.kind === 'mounted') {
      limbo.mountedAnew(one.device)
      model.mountedAnew(one.device)
    } else assert.deepEqual(idsOf(limbo.due(nowMs)), idsOf(model.due(nowMs)), 'due')
    this.#compare()
  }

  /** Every stay has a row of its own, so that a comparison tells one stay from the next under the same id. */
  #put({ id: nodeId, options: how }: Extract<Step, { kind: 'put' }>): void {
    const device = DEVICES[IDS.indexOf(nodeId as (typeof IDS)[number]) % 2] as string
    const row = fileRow(1, 'parent', `stay ${this.#begun.length}`, { nodeId, device })
    this.limbo.put(row, { ...how, nowMs: this.#nowMs })
    this.model.put(row, how, this.#nowMs)
    const stay = this.model.stays.get(nodeId) ?? assert.fail('it was put in')
    if (stay.row !== row) return
    const entry = [...this.limbo.entries()].find((other) => other.row === row) ?? assert.fail('it was put in')
    this.#begun.push({ stay, entry })
  }

  #releaseEntry(at: number): void {
    const begun = this.#begun[at % this.#begun.length]
    if (begun === undefined) return
    const { stay, entry } = begun
    this.limbo.release(entry)
    if (this.model.stays.get(stay.row.nodeId) === stay) this.model.stays.delete(stay.row.nodeId)
  }

  #compare(): void {
    const stays = [...this.model.stays.values()]
    const expected = stays.map(({ row, heir, blocks, isOfEarlierMount, sinceMs, dueMs }) => {
      return { row, heir, blocks, isOfEarlierMount, sinceMs, dueMs }
    })
    assert.deepEqual(Array.from(this.limbo.entries(), shownOf), expected)
    for (const one of [...IDS, ABSENT]) {
      assert.equal(this.limbo.has(one), this.model.stays.has(one))
      assert.equal(this.limbo.get(one)?.row, this.model.stays.get(one)?.row)
    }
    const { nextMs } = this.model
    assert.equal(this.limbo.nextDeadlineMs(), nextMs === Number.POSITIVE_INFINITY ? null : nextMs)
    assert.ok(
      stays.every(({ dueMs }) => dueMs >= nextMs),
      'no deadline is before the next one',
    )
  }
}

function shownOf(entry: LimboEntry) {
  const { row, heir, isOfEarlierMount, sinceMs } = entry
  return { row, heir, blocks: isBlocking(entry), isOfEarlierMount, sinceMs, dueMs: dueMsOf(entry) }
}

function idsOf(stays: readonly { readonly row: KnownNode }[]): string[] {
  return stays.map(({ row }) => row.nodeId)
}

test('limbo is the model, whatever happens', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 60, size: 'max' }), (steps) => {
      const pair = new Pair()
      for (const one of steps) pair.do(one)
    }),
    { numRuns: 2_000, interruptAfterTimeLimit: 60_000 },
  )
})
