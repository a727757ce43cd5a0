/** The whole audit: every root and the tables, without differences that the indexer is about to settle. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createExclude, type Excludes } from '@drive-feed/shared/exclude.ts'
import type { FeedDatabase } from '@drive-feed/shared/open-database.ts'
import type { OwnFiles } from '@drive-feed/shared/own-files.ts'
import { shownPath } from '@drive-feed/shared/shown-path.ts'
import { shownText } from '@drive-feed/shared/shown-text.ts'
import { type AuditRows, createAuditRows } from './rows.ts'
import { brokenTableRules } from './table-rules.ts'
import { type Finding, noListing, type Place, pathOf, type WalkTools, walk } from './walk.ts'

export type AuditOptions = {
  readonly watches: readonly string[]
  readonly excludes: Excludes
  readonly readsFiles: boolean
  /** Files of drive-feed itself, which are not compared. */
  readonly own?: OwnFiles
}

/**
 * `lines`: one a difference. `awayLines`: one for each root that is away, and for each filesystem inside a root that
 * is. These are not compared, and that their `awayNodes` are kept is no difference. `changing`: places that kept
 * changing while they were looked at.
 */
export type AuditReport = {
  readonly lines: string[]
  readonly awayLines: string[]
  readonly awayNodes: number
  readonly folders: number
  readonly files: number
  readonly waiting: number
  readonly changing: number
}

type Problem = Extract<Finding, { kind: 'problem' }>
type Away = Extract<Finding, { kind: 'away' }>
type Counts = { folders: number; files: number; waiting: number }

const RECHECK_MS = 1_000
/**
 * A difference that is seen this often, a second apart, is no change under way: the indexer settles a change in half a
 * second.
 */
const SAME_TIMES = 5
const RECHECKS_MAX = 30

export async function audit(db: FeedDatabase, options: AuditOptions): Promise<AuditReport> {
  const rows = createAuditRows(db)
  const { own } = options
  const tools: WalkTools = {
    rows,
    isExcluded: createExclude(options.excludes),
    readsFiles: options.readsFiles,
    isOwn: (file) => own?.isOwn(file) === true,
  }
  const counts: Counts = { folders: 0, files: 0, waiting: 0 }
  const { roots, lines, offline } = rootsToCompare(rows, options.watches)
  const away = new Map<string, Away>()
  const found = roots.flatMap((root) => collect(walk(tools, { root, names: [] }), counts, away))
  const { problems, changing } = await settleDown(tools, found, { away, own })
  for (const { place, problem } of problems) lines.push(`${shownPath(pathOf(place))}: ${problem}`)
  for (const line of brokenTableRules(db.sqlite)) lines.push(shownText(line))
  const awayLines = [...offline.map(({ line }) => line), ...Array.from(away.values(), awayLine)]
  const awayNodes = [...offline, ...away.values()].reduce((sum, { nodes }) => sum + nodes, 0)
  return { lines, awayLines, awayNodes, ...counts, changing }
}

function awayLine({ place, nodes }: Away): string {
  return `${shownPath(pathOf(place))}: away, its filesystem is not mounted; ${nodes} nodes are kept`
}

/** The roots to compare, a line for each root that only config or database has, and the roots that are offline. */
function rootsToCompare(rows: AuditRows, watches: readonly string[]) {
  const known = rows.roots()
  const lines: string[] = []
  const offline: { line: string; nodes: number }[] = []
  for (const name of watches) {
    if (!known.some((root) => root.name === name)) lines.push(`${shownPath(name)}: configured, not in the database`)
  }
  const roots = known.filter(({ name, nodeId, state, stateSinceMs, message }) => {
    const isConfigured = watches.includes(name)
    if (!isConfigured) lines.push(`${shownPath(name)}: in the database, not configured`)
    else if (state === 'offline') {
      const since = new Date(stateSinceMs).toISOString()
      const line = `${shownPath(name)}: not compared, offline since ${since}: ${shownText(message ?? '')}`
      offline.push({ line, nodes: rows.root(name) === undefined ? 0 : rows.countFrom(nodeId) })
    }
    return isConfigured && state !== 'offline'
  })
  return { roots, lines, offline }
}

function collect(findings: Iterable<Finding>, counts: Counts, away: Map<string, Away>): Problem[] {
  const problems: Problem[] = []
  for (const finding of findings) {
    if (finding.kind === 'problem') problems.push(finding)
    else if (finding.kind === 'away') away.set(keyOf(finding.place), finding)
    else {
      counts[finding.isDirectory ? 'folders' : 'files'] += 1
      if (finding.waits) counts.waiting += 1
    }
  }
  return problems
}

/** Looks at differing places again until each is equal or stays different. */
async function settleDown(
  tools: WalkTools,
  found: readonly Problem[],
  { away, own }: { readonly away: Map<string, Away>; readonly own: OwnFiles | undefined },
): Promise<{ problems: Problem[]; changing: number }> {
  let open = new Map(found.map((problem) => [keyOf(problem.place), { problem, times: 1 }]))
  for (let check = 0; check < RECHECKS_MAX; check += 1) {
    if ([...open.values()].every(({ times }) => times >= SAME_TIMES)) break
    await sleep(RECHECK_MS)
    own?.refresh()
    const next: typeof open = new Map()
    const last = noListing()
    for (const { problem, times } of open.values()) {
      // Below a folder that was missing on one side there may be further differences.
      const again = collect(walk(tools, problem.place, last), { folders: 0, files: 0, waiting: 0 }, away)
      for (const one of again) {
        const isSame = one.problem === problem.problem && keyOf(one.place) === keyOf(problem.place)
        next.set(keyOf(one.place), { problem: one, times: isSame ? times + 1 : 1 })
      }
    }
    open = next
  }
  const all = [...open.values()]
  const problems = all.filter(({ times }) => times >= SAME_TIMES).map(({ problem }) => problem)
  return { problems, changing: all.length - problems.length }
}

function keyOf({ root, names }: Place): string {
  return [root.name, ...names].join('/')
}
