/** Histories of a disk in memory, as plain data that can be shrunk and kept. */
import fc from 'fast-check'
import {
  APPEND,
  CHANGE_CASE,
  type Choice,
  CLOSE,
  MAKE_FILE,
  OPEN,
  REMOVE,
  REPLACE,
  TOUCH_MODIFIED,
  TRUNCATE,
} from '../support/model-disk.ts'

export type Step = { readonly choice: Choice; readonly waitMs: number }

/**
 * What happens from step `from` to step `to` of a round, at whose end everything is quiet and compared. The program is
 * paused or killed, or started anew with other watches or with other names for them. Or a watched folder is not
 * mounted, or the disk and the kernel refuse now and then. Or a watched folder is emptied while no program runs, and
 * its owner accepts that or fills it again.
 */
export type Treatment = (typeof TREATMENTS)[number]

export type Round = {
  readonly steps: readonly Step[]
  readonly treatment: Treatment
  readonly from: number
  readonly to: number
}

export type History = {
  readonly rounds: readonly Round[]
  readonly seed: number
  readonly slownessMs: number
  /** How many events the kernel queues. */
  readonly queueMax: number
  /** How many hints may wait. */
  readonly hintsMax: number
  /** How many watches the kernel allows. */
  readonly watchesMax: number
  readonly reusesNumbers: boolean
  readonly keepsBirthTimes: boolean
  readonly foldsCase: boolean
}

/** Operations of the model disk: more often those that reuse an inode number or a name. */
const what = fc.oneof(
  { weight: 5, arbitrary: fc.nat(99) },
  { weight: 1, arbitrary: fc.constantFrom(MAKE_FILE, REMOVE, REPLACE) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(TRUNCATE, TOUCH_MODIFIED, OPEN, APPEND, APPEND, CLOSE, CHANGE_CASE),
  },
)
const step: fc.Arbitrary<Step> = fc.record({
  choice: fc.tuple(what, fc.nat(), fc.nat(), fc.nat(99)),
  waitMs: fc.oneof(
    { weight: 5, arbitrary: fc.constant(0) },
    { weight: 3, arbitrary: fc.nat(30) },
    { weight: 2, arbitrary: fc.nat(600) },
  ),
})
const TREATMENTS = [
  'none',
  'none',
  'pause',
  'kill',
  'configure',
  'rename',
  'unmount',
  'faults',
  'empty',
  'fill',
] as const
const round: fc.Arbitrary<Round> = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 40, size: 'max' }),
  treatment: fc.constantFrom(...TREATMENTS),
  from: fc.nat(40),
  to: fc.nat(40),
})
export const histories: fc.Arbitrary<History> = fc.record({
  rounds: fc.array(round, { minLength: 1, maxLength: 4 }),
  seed: fc.integer(),
  slownessMs: fc.constantFrom(0, 3, 20, 100),
  queueMax: fc.constantFrom(10, 1_000),
  hintsMax: fc.constantFrom(3, 200_000, 200_000),
  watchesMax: fc.constantFrom(1_000_000, 1_000_000, 8, 3),
  reusesNumbers: fc.boolean(),
  keepsBirthTimes: fc.boolean(),
  foldsCase: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
})
