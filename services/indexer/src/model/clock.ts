/** The indexer's two clocks. Due times use the first, and times that are shown use the second. */
export type Clock = {
  /** Milliseconds since 1970 by a clock that never jumps: setting the wall clock back must not delay what is due. */
  readonly nowMs: () => number
  /**
   * The wall clock, which may be set at any moment: for times that are shown, and for comparison with times of files.
   */
  readonly wallMs: () => number
}
