/** prctl(2) PR_SET_NO_NEW_PRIVS, which the kernel requires of all but root before Landlock or a filter. */
import { prctl } from '../posix/prctl.ts'

const PR_SET_NO_NEW_PRIVS = 38

/** From now on no program that this thread starts gets more rights than the thread has. */
export function forbidNewPrivileges(): void {
  prctl(PR_SET_NO_NEW_PRIVS, 1)
}
