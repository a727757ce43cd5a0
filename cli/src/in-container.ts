/**
 * Entry of the image that has both services: runs them until a signal comes or one of them ends, and then ends both. The
 * services read their config and print their logs themselves, as in containers of their own. It is no subcommand, since
 * what `drive-feed` loads for those, and what `start` does for a person, would take four times the memory.
 */
import { join } from 'node:path'
import { EXIT_DONE, EXIT_NOT_WELL } from './exit-codes.ts'
import { asked, endOf, stopAll } from './start/ending.ts'
import { startService } from './start/service.ts'

const SERVICES = join(import.meta.dirname, '../../services')

const wanted = asked()
const services = ['indexer', 'api'].map((name) =>
  startService({ name, script: join(SERVICES, name, 'src/main.ts'), argv: process.argv.slice(2) }, 'inherit'),
)
const ending = await endOf(services, wanted)
if (ending.kind === 'died') {
  process.stderr.write(`drive-feed: the ${ending.service.name} ended (${ending.how}); ending the other one too\n`)
}
await stopAll(services)
process.exitCode = ending.kind === 'asked' ? EXIT_DONE : EXIT_NOT_WELL
