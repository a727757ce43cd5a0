/** What ends things that a support function has begun: a test, or a program in place of one. */
export type Cleaner = {
  /** Calls the clean-ups at the end, in the order in which they were given. */
  readonly after: (cleanup: () => Promise<void> | void) => void
  /** Whether the test passed; Node has it since 22.14, its types do not. */
  readonly passed?: boolean
}
