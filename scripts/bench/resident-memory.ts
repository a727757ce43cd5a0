/** Memory of a process as the kernel counts it, proc(5). */
import { readFileSync } from 'node:fs'

export type ResidentMemory = { readonly nowBytes: number; readonly mostBytes: number }

export function residentMemory(pid: number): ResidentMemory {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const bytesOf = (key: string) => Number(new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024
  return { nowBytes: bytesOf('VmRSS'), mostBytes: bytesOf('VmHWM') }
}
