/** Whoever ends what a helper has begun: a test, or a program that stands in for one. */
export type Cleaner = {
  /** Called when it is over, in the order of the calls. */
  readonly after: (cleanup: () => Promise<void> | void) => void
  /** Whether the test passed; Node has it since 22.14, its types do not. */
  readonly passed?: boolean
}
