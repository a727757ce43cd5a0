/**
 * Errors that say nothing about a file and pass by themselves: a lease that is being released (EAGAIN, fcntl(2)), a
 * signal, a network filesystem's handle that is looked up anew, a file that is being executed, or a busy mount.
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

/** Too many open files, of this process or in all, or no memory: these say nothing about a file either. */
const OF_THE_MACHINE: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOMEM'])

/** @param problem an error's code, or a text that begins with it */
export function isPassing(problem: string): boolean {
  return PASSING.has(/^\w*/.exec(problem)?.[0] ?? '')
}

/** @param code a system error's code */
export function isExhaustion(code: string): boolean {
  return OF_THE_MACHINE.has(code)
}
