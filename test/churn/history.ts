/**
 * Histories: operations on files, and treatments of the indexer, as plain data that can be printed, shrunk and kept.
 */
import fc from 'fast-check'
import { ANY, CALM, type OperationName } from './operations.ts'

/** One operation. `at` chooses among the files that are there. `waitMs`: the pause after it. */
export type Step = { readonly do: OperationName; readonly at: number; readonly waitMs: number }

/**
 * What happens to the indexer while files change.
 * - `flood`: it is stopped until the kernel's queue overflows.
 * - `configure`: it is started anew with other roots and excludes, which `at` chooses.
 */
export type Treatment =
  | { readonly kind: 'none' }
  | { readonly kind: 'pause' }
  | { readonly kind: 'flood' }
  /** `isWaitedFor`: files change again only after it has scanned. */
  | { readonly kind: 'kill' | 'stop'; readonly isWaitedFor: boolean }
  | { readonly kind: 'configure'; readonly at: number }
  | Remount

/**
 * The filesystem is unmounted and mounted again.
 * - `what`: `quiet`: nothing else happens, and no change may follow; `elsewhere`: files change while it is mounted
 *   where nobody watches; `busy`: files change right before and after.
 * - `order`: the order in which everything is looked at before the indexer can look. Numbers that don't last are given
 *   out in that order.
 */
export type Remount = {
  readonly kind: 'remount'
  readonly indexer: 'running' | 'stopped' | 'killed'
  readonly order: 'listed' | 'reverse' | 'shuffled'
  readonly what: 'quiet' | 'elsewhere' | 'busy'
  readonly at: number
}

/**
 * After a round the disk is quiet and everything is compared. In a calm round nothing is written, removed or hidden, so
 * no id may change and no file may be read again.
 */
export type Round = {
  readonly isCalm: boolean
  readonly before: readonly Step[]
  readonly treatment: Treatment
  readonly during: readonly Step[]
  readonly after: readonly Step[]
  /**
   * What is left at the end.
   * - `open`: files are open for writing while everything is compared.
   * - `bound`: last of all a folder or file is mounted on another one, and unmounted just before everything is
   *   compared.
   */
  readonly leaves: 'nothing' | 'open' | 'bound'
  /** `max_size` of the client that follows; null for none. */
  readonly pageSize: number | null
}

export type History = readonly Round[]

/** A round in which nothing happens, to be extended. */
export const QUIET_ROUND: Round = {
  isCalm: false,
  before: [],
  treatment: { kind: 'none' },
  during: [],
  after: [],
  leaves: 'nothing',
  pageSize: null,
}

/** @param atOf the number by which an operation chooses its places */
export function stepsOf(names: readonly OperationName[], atOf: (index: number) => number): Step[] {
  return names.map((name, index) => ({ do: name, at: atOf(index), waitMs: 0 }))
}

const at = fc.integer({ min: 0, max: 2 ** 32 - 1 })

function steps(names: readonly OperationName[], maxLength: number): fc.Arbitrary<Step[]> {
  const waitMs = fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.nat(120) })
  return fc.array(fc.record({ do: fc.constantFrom(...names), at, waitMs }), { maxLength, size: 'max' })
}

const isWaitedFor = fc.boolean()
const remount: fc.Arbitrary<Remount> = fc.record({
  kind: fc.constant('remount' as const),
  indexer: fc.constantFrom('running' as const, 'stopped' as const, 'killed' as const),
  order: fc.constantFrom('listed' as const, 'reverse' as const, 'shuffled' as const),
  what: fc.constantFrom('quiet' as const, 'elsewhere' as const, 'busy' as const),
  at,
})
const treatment: fc.Arbitrary<Treatment> = fc.oneof(
  { weight: 8, arbitrary: fc.constant({ kind: 'none' as const }) },
  { weight: 4, arbitrary: fc.constant({ kind: 'pause' as const }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('kill' as const), isWaitedFor }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('stop' as const), isWaitedFor }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('configure' as const), at }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'flood' as const }) },
)
const pageSize = fc.option(fc.integer({ min: 1, max: 50 }))

const leaves = fc.oneof(
  { weight: 7, arbitrary: fc.constant('nothing' as const) },
  { weight: 1, arbitrary: fc.constant('open' as const) },
  { weight: 1, arbitrary: fc.constant('bound' as const) },
)

function round(isCalm: boolean, treatments: fc.Arbitrary<Treatment>): fc.Arbitrary<Round> {
  const names = isCalm ? CALM : ANY
  const some = steps(names, 40)
  return fc.record({
    isCalm: fc.constant(isCalm),
    before: some,
    treatment: isCalm ? treatments.filter(({ kind }) => kind !== 'configure' && kind !== 'flood') : treatments,
    during: some,
    after: some,
    leaves: isCalm ? fc.constant('nothing' as const) : leaves,
    pageSize,
  })
}

/** A few rounds on one tree, which the first one makes. @param remounts whether the filesystem can be mounted again */
export function histories(remounts: boolean): fc.Arbitrary<History> {
  const treatments = remounts
    ? fc.oneof({ weight: 2, arbitrary: treatment }, { weight: 1, arbitrary: remount })
    : treatment
  return fc.array(
    fc.oneof({ weight: 4, arbitrary: round(false, treatments) }, { weight: 1, arbitrary: round(true, treatments) }),
    { minLength: 1, maxLength: 8, size: 'max' },
  )
}

/** The history as program text for the regressions. */
export function historyText(history: History): string {
  return JSON.stringify(history, null, 1).replace(/\n\s{3,}/g, ' ')
}
