/** The audit as the program that owners run. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Pair } from './pair.ts'

export const AUDIT = join(import.meta.dirname, '../../services/indexer/src/commands/audit.ts')

/** Runs the audit. Gives the `lines` of standard output, and the summary on standard error. */
export async function audit(pair: Pair, ...options: string[]) {
  const child = spawn(process.execPath, [AUDIT, `--config=${pair.configPath}`, ...options])
  const [lines, summary] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code: child.exitCode, lines: lines.split('\n').filter(Boolean), summary: summary.trim() }
}
