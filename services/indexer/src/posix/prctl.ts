/** prctl(2): settings of the calling thread. */
import koffi from 'koffi'

const call = koffi
  .load('libc.so.6')
  .func('int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)')

/** If the kernel refuses, the setting stays as it was. */
export function prctl(option: number, value: number): void {
  call(option, value, 0, 0, 0)
}
