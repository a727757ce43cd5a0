/** prctl(2), of which glibc makes one function for all that a thread may ask for about itself. */
import koffi from 'koffi'

const call = koffi
  .load('libc.so.6')
  .func('int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)')

/** Refusals are ignored: it is then as it was. */
export function prctl(option: number, value: number): void {
  call(option, value, 0, 0, 0)
}
