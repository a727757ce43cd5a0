/** The program `drive-feed` as owners run it. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Pair } from './pair.ts'

export const PROGRAM_MAIN = join(import.meta.dirname, '../../cli/src/main.ts')

/** Runs a subcommand to its end. Meanwhile nothing else happens in this process. */
export function runProgram(pair: Pick<Pair, 'configPath'>, args: readonly string[], env?: NodeJS.ProcessEnv) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [PROGRAM_MAIN, args[0] ?? '', `--config=${pair.configPath}`, ...args.slice(1)],
    { encoding: 'utf8', timeout: 60_000, env: { ...process.env, ...env } },
  )
  return { status, stdout, stderr, output: stdout + stderr }
}

/** Runs the audit. Gives the `lines` of standard output, and the summary on standard error. */
export async function audit(pair: Pair, ...options: string[]) {
  const child = spawn(process.execPath, [PROGRAM_MAIN, 'audit', `--config=${pair.configPath}`, ...options])
  const [lines, summary] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code: child.exitCode, lines: lines.split('\n').filter(Boolean), summary: summary.trim() }
}
