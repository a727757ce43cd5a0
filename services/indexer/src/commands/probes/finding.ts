/** What the doctor finds: one line each. */

/** `note` is worth knowing, and needs nothing to be done. */
export type Finding = {
  readonly topic: string
  readonly state: 'fine' | 'note' | 'to do'
  readonly text: string
  /** What to do; null unless there is something to do. */
  readonly fix: string | null
}

export function fine(topic: string, text: string): Finding {
  return { topic, state: 'fine', text, fix: null }
}

export function note(topic: string, text: string): Finding {
  return { topic, state: 'note', text, fix: null }
}

export function toDo(topic: string, text: string, fix: string): Finding {
  return { topic, state: 'to do', text, fix }
}
