/** Histories that failed once, as small as they could be made, and some that must happen in every run. */
import type { History, Round, Step } from './history.ts'

const CALMLY: Round = {
  isCalm: false,
  before: [],
  treatment: { kind: 'none' },
  during: [],
  after: [],
  leaves: 'nothing',
  pageSize: null,
}

function steps(...names: readonly Step['do'][]): Step[] {
  return names.map((name, index) => ({ do: name, at: index * 7919 + 1, waitMs: 0 }))
}

export const REGRESSIONS: Readonly<Record<string, History>> = {
  'a burst of thousands of files': [{ ...CALMLY, before: steps('burst', 'makeTree'), after: steps('burst') }],
  'more events than the kernel queues': [
    { ...CALMLY, before: steps('makeTree', 'makeTree', 'create'), treatment: { kind: 'flood' }, pageSize: 50 },
    { ...CALMLY, isCalm: true, before: steps('move', 'rename', 'exchange'), after: steps('move', 'chain') },
  ],
}
