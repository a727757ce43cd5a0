/** `drive-feed accept-empty`, done by the indexer's own code. */
import type { Given } from '../command.ts'
import { EXIT_DONE } from '../exit-codes.ts'
import { ofService } from '../running/of-service.ts'
import { refused } from './refused.ts'

export async function runAcceptEmpty({ operands, options }: Given): Promise<number> {
  const { acceptEmpty } = await ofService(
    'indexer',
    () => import('../../../services/indexer/src/commands/accept-empty.ts'),
  )
  await refused(acceptEmpty(operands[0] ?? '', String(options.config)))
  return EXIT_DONE
}
