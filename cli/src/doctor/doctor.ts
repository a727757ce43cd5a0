/** Runs every check and prints a line for each. */
import { resolve } from 'node:path'
import { type Config, ConfigError, loadConfig } from '@drive-feed/shared/config/config.ts'
import { shownPath } from '@drive-feed/shared/shown-path.ts'
import { shownText } from '@drive-feed/shared/shown-text.ts'
import { examine, type Finding } from '../../../services/indexer/src/commands/doctor.ts'
import type { Given } from '../command.ts'
import { EXIT_DONE, EXIT_NOT_WELL } from '../exit-codes.ts'
import { findPortHolder } from '../port/port-holder.ts'
import { nextFreePort, tryPort } from '../port/try-port.ts'

export async function doctor({ options }: Given): Promise<number> {
  const configPath = resolve(String(options.config))
  const { config, findings: first } = readConfig(configPath)
  const { findings, databaseAnswers } = await examine(config, Date.now())
  const port = config !== null && databaseAnswers ? await portFindings(config, configPath) : []
  const all = [...first, ...findings, ...port]
  process.stdout.write(options.json === true ? `${JSON.stringify({ findings: all })}\n` : linesOf(all))
  return all.some(({ state }) => state === 'to do') ? EXIT_NOT_WELL : EXIT_DONE
}

function readConfig(path: string): { readonly config: Config | null; readonly findings: readonly Finding[] } {
  try {
    const config = loadConfig(path, { checkFolders: false })
    return { config, findings: [{ topic: 'config', state: 'fine', text: shownPath(path), fix: null }] }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const findings = error.mistakes.map(
      (text) => ({ topic: 'config', state: 'to do', text, fix: 'correct it' }) as const,
    )
    return { config: null, findings }
  }
}

async function portFindings({ host, port, databasePath }: Config, configPath: string): Promise<Finding[]> {
  const topic = 'port'
  const trial = await tryPort(host, port)
  if (trial.kind === 'free') {
    return [{ topic, state: 'note', text: `${port} is free: no api of this config runs here`, fix: null }]
  }
  if (trial.kind === 'refused') {
    const [text = '', fix = ''] = trial.reason.split('; ')
    return [{ topic, state: 'to do', text, fix }]
  }
  const { kind, name } = await findPortHolder({ host, port, databasePath, configPath })
  const who = name === null ? '' : ` (${name})`
  if (kind === 'ours') return [{ topic, state: 'fine', text: `the api answers on ${port}${who}`, fix: null }]
  const what = kind === 'other program' ? 'another program' : 'a drive-feed with other data'
  const free = await nextFreePort(host, port)
  const fix = `stop it, or set port: ${free ?? 'another one'} in the config`
  return [{ topic, state: 'to do', text: `${port} is taken by ${what}${who}`, fix }]
}

function linesOf(findings: readonly Finding[]): string {
  const lines = findings.map(({ topic, state, text, fix }) => {
    const end = fix === null ? '' : `; ${fix}`
    return `${state.padEnd(5)}  ${topic}: ${shownText(text + end)}\n`
  })
  const count = findings.filter(({ state }) => state === 'to do').length
  const last = count === 0 ? 'Nothing to do.' : count === 1 ? '1 thing to do.' : `${count} things to do.`
  return `${lines.join('')}${last}\n`
}
