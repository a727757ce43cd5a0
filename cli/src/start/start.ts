/** `drive-feed start`: tests what it needs, writes a config if there is none, and runs both services. */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Config, loadConfig } from '@drive-feed/shared/config/config.ts'
import { shownPath } from '@drive-feed/shared/shown-path.ts'
import { shownText } from '@drive-feed/shared/shown-text.ts'
import { CommandError, type Given } from '../command.ts'
import { EXIT_DONE, EXIT_NOT_WELL, EXIT_UNUSABLE } from '../exit-codes.ts'
import { FIRST_HOST, FIRST_PORT, setPort, unwatchedOf, watchesOf, watchLines, writeConfigFile } from './config-file.ts'
import { checkDataFolder } from './data-folder.ts'
import { checkPlace, describeStanding, isPlaceTaken } from './place.ts'
import { type Places, run } from './run.ts'
import { makeSampleFolder } from './sample-folder.ts'
import { say, shown } from './say.ts'

const ROOT = join(import.meta.dirname, '../../..')

export async function start(given: Given): Promise<number> {
  const wanted = readArguments(given)
  const { data, folders, port } = wanted
  const configPath = join(data, 'server.yaml')
  const found = existsSync(configPath) ? loadConfig(configPath, { checkFolders: false }) : null
  const databasePath = found?.databasePath ?? join(data, 'feed.db')
  checkDataFolder(data, databasePath)
  if (found !== null) {
    const unwatched = unwatchedOf(folders, found.watches)
    if (unwatched.length > 0) return refuseOtherFolders(configPath, found, unwatched)
  }
  const place = { host: found?.host ?? FIRST_HOST, port: port ?? found?.port ?? FIRST_PORT, databasePath, configPath }
  const standing = await checkPlace({ ...place, configuredPort: found?.port ?? place.port })
  if (standing.kind === 'running') {
    say(describeStanding(standing))
    return standing.port === place.port ? EXIT_DONE : EXIT_NOT_WELL
  }
  if (isPlaceTaken(standing)) throw new CommandError(describeStanding(standing), EXIT_NOT_WELL)
  prepareConfig(configPath, wanted, found)
  const config = loadConfig(configPath, { checkFolders: false })
  return run({ config, configPath, data, projectFolder: ROOT } satisfies Places)
}

type Wanted = { readonly folders: readonly string[]; readonly data: string; readonly port: number | null }

function readArguments({ operands, options }: Given): Wanted {
  const port = options.port === undefined ? null : Number(options.port)
  if (port !== null && !(Number.isInteger(port) && port >= 1 && port <= 65_535)) {
    const text = shownText(String(options.port))
    throw new CommandError(`--port=${text}: must be a whole number from 1 to 65535`, EXIT_UNUSABLE)
  }
  if (options.data === '') throw new CommandError('--data needs the path of a folder', EXIT_UNUSABLE)
  const data = resolve(typeof options.data === 'string' ? options.data : join(ROOT, 'data'))
  return { folders: operands.map((folder) => resolve(folder)), data, port }
}

function prepareConfig(configPath: string, { data, folders, port }: Wanted, found: Config | null): void {
  if (found === null) {
    const sample = join(data, 'sample')
    if (folders.length === 0) makeSampleFolder(sample)
    writeConfigFile(configPath, folders.length === 0 ? [sample] : folders, port ?? FIRST_PORT)
    say(`Wrote ${shown(configPath)}.`)
  } else if (port !== null && port !== found.port) {
    setPort(configPath, port)
    say(`Set port: ${port} in ${shown(configPath)}.`)
  }
}

/** Refuses to start, since the folders asked for would not be watched. Which folders are watched is the user's to write. */
function refuseOtherFolders(configPath: string, config: Config, unwatched: readonly string[]): number {
  const lines = [
    `${shown(configPath)} is already there and does not watch ${unwatched.map(shownPath).join(', ')}. It watches:`,
    ...watchLines(config.watches),
    'To watch more, add below "watches:" in it:',
    ...watchLines(watchesOf(unwatched)),
    'and start again without folders. To begin anew, delete that file.',
  ]
  process.stderr.write(`${lines.join('\n')}\n`)
  return EXIT_NOT_WELL
}
