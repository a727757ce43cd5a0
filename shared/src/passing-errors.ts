/**
 * Refusals that say nothing of a file and pass by themselves: a lease that is being given back (EAGAIN, fcntl(2)), a
 * signal, a handle of a network filesystem that is looked up anew, a file that is being executed or a mount that is busy.
 */
const PASSING: ReadonlySet<string> = new Set([
  'EAGAIN',
  'EBUSY',
  'EDEADLK',
  'EINPROGRESS',
  'EINTR',
  'ENOLCK',
  'ERESTART',
  'ESTALE',
  'ETIMEDOUT',
  'ETXTBSY',
])

/** Too many open files, of this process or in all, or no memory: that says nothing of a file, whichever it is. */
const OF_THE_MACHINE: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOMEM'])

/** @param problem an error's code, or a text that begins with it */
export function isPassing(problem: string): boolean {
  return PASSING.has(/^\w*/.exec(problem)?.[0] ?? '')
}

/** @param code of a system error */
export function isExhaustion(code: string): boolean {
  return OF_THE_MACHINE.has(code)
}
