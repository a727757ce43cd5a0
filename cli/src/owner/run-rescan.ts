/** `drive-feed rescan`, done by the indexer's own code. */
import type { Given } from '../command.ts'
import { EXIT_DONE } from '../exit-codes.ts'
import { ofService } from '../running/of-service.ts'
import { refused } from './refused.ts'

export async function runRescan({ operands, options }: Given): Promise<number> {
  const { rescan } = await ofService('indexer', () => import('../../../services/indexer/src/commands/rescan.ts'))
  await refused(rescan(operands[0], String(options.config)))
  return EXIT_DONE
}
