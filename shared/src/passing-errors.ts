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

/** @param problem an error's code, or a text that begins with it */
export function isPassing(problem: string): boolean {
  return PASSING.has(/^\w*/.exec(problem)?.[0] ?? '')
}
