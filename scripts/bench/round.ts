/** One measurement of the system and of its floor, taken one after the other. Milliseconds. */
export type Round = { readonly ours: number; readonly floor: number }

/** Each figure is the median of this many rounds. */
export const ROUNDS = 3
