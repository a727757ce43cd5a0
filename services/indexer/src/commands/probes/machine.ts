/** What the doctor asks the kernel and this process about. No disk is touched. */
import { readFileSync } from 'node:fs'
import { totalmem } from 'node:os'
import Database from 'better-sqlite3'
import { CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH } from '../../sandbox/capabilities.ts'
import { landlockVersion } from '../../sandbox/landlock.ts'
import { type Finding, fine, note, toDo } from './finding.ts'

const NODE_MIN = 24
const YEAR_MIN = 2025
const MIB = 1024 * 1024
const MEMORY_MIN_BYTES = 256 * MIB

export function machineFindings(nowMs: number): Finding[] {
  return [
    nodeFinding(process.versions.node),
    sqliteFinding(),
    landlockFinding(landlockVersion()),
    seccompFinding(textOf('/proc/self/status')),
    rightsFinding(process.getuid?.() ?? 0, textOf('/proc/self/status')),
    clockFinding(nowMs),
    memoryFinding(memoryBytes()),
  ]
}

export function nodeFinding(version: string): Finding {
  const text = `Node ${version}`
  if (Number.parseInt(version, 10) >= NODE_MIN) return fine('node', text)
  return toDo('node', text, `drive-feed needs Node ${NODE_MIN}; scripts/setup installs it`)
}

function sqliteFinding(): Finding {
  const sqlite = new Database(':memory:')
  const version = sqlite.prepare<[], string>('SELECT sqlite_version()').pluck().get()
  sqlite.close()
  return fine('sqlite', `SQLite ${version}, with drive-feed`)
}

export function landlockFinding(version: number): Finding {
  if (version > 0) return fine('landlock', `Landlock version ${version}`)
  return note(
    'landlock',
    'this kernel has no Landlock (Linux 5.13): a filter of system calls alone holds what reads files',
  )
}

export function seccompFinding(status: string): Finding {
  if (/^Seccomp:/m.test(status)) return fine('seccomp', 'the kernel filters system calls')
  return note('seccomp', 'this kernel has no seccomp: what reads files has all system calls')
}

/** @param status the text of /proc/self/status */
export function rightsFinding(uid: number, status: string): Finding {
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`)
  const names = [
    ['CAP_DAC_READ_SEARCH', CAP_DAC_READ_SEARCH],
    ['CAP_DAC_OVERRIDE', CAP_DAC_OVERRIDE],
  ] as const
  const readsAll = names.find(([, number]) => (effective & (1n << BigInt(number))) !== 0n)
  const who = uid === 0 ? 'root' : `user ${uid}`
  if (readsAll !== undefined) return fine('rights', `${who} may read every file (${readsAll[0]})`)
  return note('rights', `${who} reads what permissions allow, and has no CAP_DAC_READ_SEARCH`)
}

export function clockFinding(nowMs: number): Finding {
  const text = new Date(nowMs).toISOString()
  if (new Date(nowMs).getUTCFullYear() >= YEAR_MIN) return fine('clock', text)
  return toDo('clock', `the clock says ${text}`, 'set it, or have it set by NTP')
}

export function memoryFinding(bytes: number): Finding {
  const text = `${Math.floor(bytes / MIB)} MiB of memory`
  if (bytes >= MEMORY_MIN_BYTES) return fine('memory', text)
  return toDo('memory', text, 'drive-feed needs 256 MiB: give it more, and set metadata_workers: 1')
}

/** What this process may use: the machine's memory, or less by its cgroup. */
function memoryBytes(): number {
  const limit = Number.parseInt(textOf('/sys/fs/cgroup/memory.max'), 10)
  return Number.isNaN(limit) ? totalmem() : Math.min(limit, totalmem())
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
