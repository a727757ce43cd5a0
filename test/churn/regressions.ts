/** Histories that failed once, shrunk as far as possible, and some that must happen in every run. */
import { type History, QUIET_ROUND, type Step, stepsOf } from './history.ts'

function steps(...names: readonly Step['do'][]): Step[] {
  return stepsOf(names, (index) => index * 7919 + 1)
}

export const REGRESSIONS: Readonly<Record<string, History>> = {
  'a burst of thousands of files': [{ ...QUIET_ROUND, before: steps('burst', 'makeTree'), after: steps('burst') }],
  'more events than the kernel queues': [
    { ...QUIET_ROUND, before: steps('makeTree', 'makeTree', 'create'), treatment: { kind: 'flood' }, pageSize: 50 },
    { ...QUIET_ROUND, isCalm: true, before: steps('move', 'rename', 'exchange'), after: steps('move', 'chain') },
  ],
}
