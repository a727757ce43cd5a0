/** prctl(2) PR_SET_NO_NEW_PRIVS, without which neither Landlock nor a filter is taken from who is not root. */
import koffi from 'koffi'

const PR_SET_NO_NEW_PRIVS = 38

const prctl = koffi
  .load('libc.so.6')
  .func('int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)')

/** From now on no program that this thread starts gets more rights than the thread has. */
export function forbidNewPrivileges(): void {
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
}
