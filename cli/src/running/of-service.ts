/** Code of the services. An image has one of them only. */
import { existsSync } from 'node:fs'
import { CommandError } from '../command.ts'
import { EXIT_UNUSABLE } from '../exit-codes.ts'

const SERVICES = new URL('../../../services/', import.meta.url)

/**
 * Imports code of a service, if it is here.
 *
 * @param services for tests
 * @throws {CommandError}
 */
export function ofService<T>(service: 'indexer' | 'api', load: () => Promise<T>, services = SERVICES): Promise<T> {
  if (existsSync(new URL(`${service}/src/main.ts`, services))) return load()
  throw new CommandError(
    `the ${service} is not in this image; run it in the container of the ${service}, as in: docker compose exec ${service} drive-feed`,
    EXIT_UNUSABLE,
  )
}
