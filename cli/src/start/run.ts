/** Runs both services until the user, or one of them, ends that. */
import { join } from 'node:path'
import type { Config } from '@drive-feed/shared/config/config.ts'
import { EXIT_DONE, EXIT_NOT_WELL } from '../exit-codes.ts'
import { asked, type Ending, endOf, stopAll } from './ending.ts'
import { checkPlace, describeStanding } from './place.ts'
import { createProgressView } from './progress-view.ts'
import { outliveTheTerminal, say, shown } from './say.ts'
import { type LoggedService, startLoggedService } from './service.ts'
import { createStatusReader } from './status-reader.ts'
import { tell } from './tell.ts'

const LINES_SHOWN = 10

export type Places = {
  readonly config: Config
  readonly configPath: string
  readonly data: string
  readonly projectFolder: string
}

export async function run(places: Places): Promise<number> {
  const { config, configPath } = places
  outliveTheTerminal()
  const wanted = asked()
  const reader = createStatusReader(config.databasePath)
  const services = await startBoth(places)
  const over = new AbortController()
  const view = createProgressView(process.stdout)
  const telling = tell({ config, configPath, services, view, reader }, over.signal)
  try {
    // `tell` ends only when it is over or fails.
    const tellingFails = telling.then(() => Promise.withResolvers<never>().promise)
    const ending = await Promise.race([endOf(services, wanted), tellingFails])
    over.abort()
    await telling
    view.clear()
    return await end(places, services, ending)
  } finally {
    reader.close()
  }
}

async function startBoth({ configPath, data, projectFolder }: Places): Promise<LoggedService[]> {
  const services: LoggedService[] = []
  try {
    for (const name of ['indexer', 'api']) {
      const script = join(projectFolder, 'services', name, 'src/main.ts')
      const logPath = join(data, `${name}.log`)
      services.push(startLoggedService({ name, script, argv: [`--config=${configPath}`], logPath }))
    }
    return services
  } catch (error) {
    await stopAll(services)
    throw error
  }
}

async function end(places: Places, services: readonly LoggedService[], ending: Ending<LoggedService>): Promise<number> {
  if (ending.kind === 'asked') say('Stopping.')
  else tellDeath(ending.service, ending.how)
  await stopAll(services)
  if (ending.kind === 'asked') return EXIT_DONE
  await tellWhoIsHere(places)
  return EXIT_NOT_WELL
}

function tellDeath(service: LoggedService, how: string): void {
  const lines = service.lastLines(LINES_SHOWN).map((line) => `  ${line}`)
  process.stderr.write(
    `The ${service.name} ended (${how}). The end of ${shown(service.logPath)}:\n${lines.join('\n')}\n`,
  )
}

/** The port, or the data, may have been taken between the test and the start, as by a second `drive-feed start`. */
async function tellWhoIsHere({ config, configPath }: Places): Promise<void> {
  const { host, port, databasePath } = config
  const standing = await checkPlace({ host, port, databasePath, configPath, configuredPort: port })
  if (standing.kind !== 'free') process.stderr.write(`${describeStanding(standing)}\n`)
}
