/** The whole audit: every root, the tables, and what differs only because the indexer has not got to it yet. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createExclude } from '@drive-feed/shared/exclude.ts'
import type { FeedDatabase } from '@drive-feed/shared/open-database.ts'
import type { OwnFiles } from '@drive-feed/shared/own-files.ts'
import { type AuditRows, createAuditRows } from './rows.ts'
import { brokenTableRules } from './table-rules.ts'
import { type Finding, type Place, pathOf, type WalkTools, walk } from './walk.ts'

export type AuditOptions = {
  readonly watches: readonly string[]
  readonly excludes: readonly string[]
  readonly readsFiles: boolean
  /** Files of the program itself, which are not compared. */
  readonly own?: OwnFiles
}

/** `lines`: one a difference. `changing`: places that were never twice the same while they were looked at. */
export type AuditReport = {
  readonly lines: string[]
  readonly folders: number
  readonly files: number
  readonly waiting: number
  readonly changing: number
}

type Problem = Extract<Finding, { kind: 'problem' }>
type Counts = { folders: number; files: number; waiting: number }

const RECHECK_MS = 1_000
/** What is the same this often, a second apart, is no change under way: the indexer settles those in half a second. */
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
  const lines: string[] = []
  const found: Problem[] = []
  for (const root of rootsToCompare(rows, options.watches, lines)) {
    found.push(...collect(walk(tools, { root, names: [] }), counts))
  }
  const { problems, changing } = await settleDown(tools, found, own)
  lines.push(...problems.map(({ place, problem }) => `${shown(pathOf(place))}: ${problem}`))
  lines.push(...brokenTableRules(db.sqlite))
  return { lines, ...counts, changing }
}

/** The roots that are there; a line for each that is not, or that only one of the two knows. */
function rootsToCompare(rows: AuditRows, watches: readonly string[], lines: string[]) {
  const known = rows.roots()
  for (const name of watches) {
    if (!known.some((root) => root.name === name)) lines.push(`${name}: configured, not in the database`)
  }
  return known.filter(({ name, state, stateSinceMs, message }) => {
    const isConfigured = watches.includes(name)
    if (!isConfigured) lines.push(`${name}: in the database, not configured`)
    else if (state === 'offline') {
      lines.push(`${name}: not compared, offline since ${new Date(stateSinceMs).toISOString()}: ${message}`)
    }
    return isConfigured && state !== 'offline'
  })
}

function collect(findings: Iterable<Finding>, counts: Counts): Problem[] {
  const problems: Problem[] = []
  for (const finding of findings) {
    if (finding.kind === 'problem') problems.push(finding)
    else {
      counts[finding.isDirectory ? 'folders' : 'files'] += 1
      if (finding.waits) counts.waiting += 1
    }
  }
  return problems
}

/** Looks at the differing places again until each is equal or stays as it is. */
async function settleDown(
  tools: WalkTools,
  found: readonly Problem[],
  own: OwnFiles | undefined,
): Promise<{ problems: Problem[]; changing: number }> {
  let open = new Map(found.map((problem) => [keyOf(problem.place), { problem, times: 1 }]))
  for (let check = 0; check < RECHECKS_MAX; check += 1) {
    if ([...open.values()].every(({ times }) => times >= SAME_TIMES)) break
    await sleep(RECHECK_MS)
    own?.refresh()
    const next: typeof open = new Map()
    for (const { problem, times } of open.values()) {
      // A folder that was missing in one of the two may have anything below it.
      const again = collect(walk(tools, problem.place), { folders: 0, files: 0, waiting: 0 })
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

/** As it is, or quoted where it has line breaks or bytes that are no UTF-8: a difference is one line. */
function shown(path: string): string {
  return /\p{C}/u.test(path) ? JSON.stringify(path) : path
}
