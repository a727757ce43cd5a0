/** Memory and processor time of a process as the kernel counts them, proc(5). */
import { readFileSync } from 'node:fs'

export type ResidentMemory = { readonly nowBytes: number; readonly mostBytes: number }

/** With what it shares with other processes. */
export function residentMemory(pid: number): ResidentMemory {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return { nowBytes: bytesOf(status, 'VmRSS'), mostBytes: bytesOf(status, 'VmHWM') }
}

/** Bytes, of which those that several processes share count in parts (PSS). */
export function proportionalMemory(pid: number): number {
  return bytesOf(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'), 'Pss')
}

/** Seconds in all threads so far, in user mode and in the kernel. Its step is a hundredth. */
export function processorSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name in parentheses may hold anything. Behind it, utime and stime are the 12th and 13th.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

function bytesOf(text: string, key: string): number {
  return Number(new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1]) * 1024
}
