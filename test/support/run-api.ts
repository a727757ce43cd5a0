/** The api as a process, started with a config file. */
import { join } from 'node:path'
import type { Cleaner } from './cleaner.ts'
import { type LaunchOptions, launch, type ServiceProcess } from './service-process.ts'
import { until } from './until.ts'

export const API_MAIN = join(import.meta.dirname, '../../services/api/src/main.ts')

/**
 * @param how `args` come before the program, for Node or for a command that runs it @returns the api, once it listens
 */
export async function runApi(
  t: Cleaner,
  configPath: string,
  how: Partial<LaunchOptions> = {},
): Promise<ServiceProcess> {
  const args = [...(how.args ?? []), API_MAIN, `--config=${configPath}`]
  return untilListening(launch(t, { command: process.execPath, ...how, args }))
}

/** @throws if the process ends before it listens */
export async function untilListening(api: ServiceProcess): Promise<ServiceProcess> {
  await until('the api to listen', () => {
    if (api.exited()) throw new Error(`the api ended: ${api.stderr()}`)
    return api.stdout().includes('"listening"')
  })
  return api
}
