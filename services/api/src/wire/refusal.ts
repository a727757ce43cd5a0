/** What a client gets instead of what it asked for. `problem.ts` sends it as a problem (RFC 9457). */
export type Refusal = {
  readonly status: number
  /** A sentence for the person who writes the client. */
  readonly detail: string
  /** Further keys of the problem. */
  readonly members?: Readonly<Record<string, unknown>>
}
