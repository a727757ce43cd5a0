/** The two clocks of the indexer. Whatever is due goes by the first, and whatever is shown by the second. */
export type Clock = {
  /** Milliseconds since 1970 that never jump: a clock that is set back must not hold up what is due. */
  readonly nowMs: () => number
  /** The clock on the wall, which may be set at any moment: whatever is shown as a time, and the times of files. */
  readonly wallMs: () => number
}
