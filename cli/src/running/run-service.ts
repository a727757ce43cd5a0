/** Runs a service in this process: signals and the exit code are the service's own. */
import { endWithReader } from '../closed-pipe.ts'
import type { RunCommand } from '../command.ts'
import { EXIT_DONE } from '../exit-codes.ts'
import { ofService } from './of-service.ts'

export function runService(service: 'indexer' | 'api'): RunCommand {
  return async ({ options }) => {
    // A service outlives those who read its log.
    process.stdout.off('error', endWithReader)
    // What the service's own entry would get.
    process.argv.splice(2, Number.POSITIVE_INFINITY, `--config=${options.config}`)
    await ofService(service, () =>
      service === 'indexer'
        ? import('../../../services/indexer/src/main.ts')
        : import('../../../services/api/src/main.ts'),
    )
    // The indexer goes on, and ends the process itself.
    return EXIT_DONE
  }
}
