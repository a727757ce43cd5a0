/** `drive-feed audit`: differences on standard output, and a summary on standard error. */
import type { Given } from '../command.ts'
import { EXIT_DONE, EXIT_NOT_WELL } from '../exit-codes.ts'
import { ofService } from '../running/of-service.ts'

export async function runAudit({ options }: Given): Promise<number> {
  const { auditByConfig } = await ofService('indexer', () => import('../../../services/indexer/src/commands/audit.ts'))
  const report = await auditByConfig(String(options.config), options.hashes === true)
  if (options.json === true) printJson(report)
  else print(report)
  return report.lines.length === 0 ? EXIT_DONE : EXIT_NOT_WELL
}

type Report = {
  readonly lines: readonly string[]
  readonly awayLines: readonly string[]
  readonly awayNodes: number
  readonly files: number
  readonly folders: number
  readonly waiting: number
  readonly changing: number
}

function printJson({ lines, awayLines, awayNodes, files, folders, waiting, changing }: Report): void {
  const text = JSON.stringify({
    differences: lines.toSorted(),
    away: awayLines.toSorted(),
    away_nodes: awayNodes,
    ...{ files, folders, waiting, changing },
  })
  process.stdout.write(`${text}\n`)
}

function print({ lines, awayLines, awayNodes, files, folders, waiting, changing }: Report): void {
  for (const line of [...lines, ...awayLines].sort()) process.stdout.write(`${line}\n`)
  const what =
    lines.length === 0 ? 'no difference' : lines.length === 1 ? '1 difference' : `${lines.length} differences`
  const parts = [`${what}; ${files} files and ${folders} folders are equal`]
  if (waiting > 0) parts.push(`${waiting} of them wait for their hash`)
  if (awayNodes > 0) parts.push(`${awayNodes} nodes are away and not compared`)
  if (changing > 0) parts.push(`${changing} places kept changing`)
  process.stderr.write(`${parts.join('; ')}\n`)
}
