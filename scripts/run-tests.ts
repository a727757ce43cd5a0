/**
 * Runs every test of the project: `node scripts/run-tests.ts [part of a path…]`. One line a file, failures in full,
 * skipped tests with their reasons, and at the end the summary of Node's test runner.
 */
import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, relative } from 'node:path'
import type { EventData } from 'node:test'
import { run } from 'node:test'
import { inspect } from 'node:util'
import { useCompileCache } from '../shared/src/compile-cache.ts'

const ROOT = join(import.meta.dirname, '..')
/** A test file that takes longer counts as hanging. */
const FILE_LIMIT_MS = 10 * 60_000

type Result = EventData.TestPass | EventData.TestFail
type Outcome = { failures: string[]; remarks: string[]; output: string[] }

// Each test file is a process, which compiles what it imports.
useCompileCache()
process.exitCode = await main(process.argv.slice(2))

async function main(wanted: readonly string[]): Promise<number> {
  const all = globSync('{shared,cli,services,client,scripts,test}/**/*.test.ts', {
    cwd: ROOT,
    exclude: (path) => path.endsWith('node_modules'),
  }).sort()
  const files = all.filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
  if (files.length === 0) {
    console.error(wanted.length === 0 ? 'There are no tests.' : `No test file's path contains ${wanted.join(' or ')}.`)
    return 1
  }
  return (await runFiles(files)) ? 0 : 1
}

/** True if at least one test ran and none failed. */
async function runFiles(files: readonly string[]): Promise<boolean> {
  const outcomes = new Map<string, Outcome>()
  const outcomeOf = (path: string | undefined) => {
    const file = relative(ROOT, path ?? ROOT)
    const outcome = outcomes.get(file) ?? { failures: [], remarks: [], output: [] }
    outcomes.set(file, outcome)
    return outcome
  }
  const closing: string[] = []
  let total: EventData.TestSummary | null = null
  const events = run({
    files: files.map((file) => join(ROOT, file)),
    concurrency: Math.max(2, availableParallelism()),
    timeout: FILE_LIMIT_MS,
  })
  for await (const { type, data } of events) {
    if (type === 'test:stdout' || type === 'test:stderr') outcomeOf(data.file).output.push(data.message)
    if (type === 'test:pass' || type === 'test:fail') {
      recordResult(outcomeOf(data.file), type, data)
      if (isWholeFile(data)) printFile(data.file, outcomeOf(data.file), null)
    }
    if (type === 'test:summary' && data.file !== undefined) printFile(data.file, outcomeOf(data.file), data)
    if (type === 'test:summary' && data.file === undefined) total = data
    // Diagnostics without a file are the runner's own summary.
    if (type === 'test:diagnostic' && data.file === undefined) closing.push(`ℹ ${data.message}`)
  }
  const failures = printEnd(outcomes)
  const ran = failures + (total?.counts.passed ?? 0)
  if (ran === 0) console.log('✖ no test ran')
  console.log(closing.join('\n'))
  return ran > 0 && failures === 0 && total?.success === true
}

/** Node reports a file as a test only if it has no tests, or ended before its tests could report. */
function isWholeFile(data: Result): boolean {
  return data.nesting === 0 && data.name === data.file
}

function recordResult(outcome: Outcome, type: 'test:pass' | 'test:fail', data: Result): void {
  const place = `${relative(ROOT, data.file ?? '')}:${data.line ?? 1}`
  if (type === 'test:fail' && data.todo === undefined) {
    const error = (data as EventData.TestFail).details.error as Error & { failureType?: string }
    // A suite fails with its tests, which are reported already.
    if (error.failureType !== 'subtestsFailed')
      outcome.failures.push(
        `${isWholeFile(data) ? 'the file itself failed' : data.name}\n  ${place}\n${explain(error)}`,
      )
  } else if (isWholeFile(data)) {
    outcome.failures.push(`${place} holds no test`)
  } else if (data.skip !== undefined) {
    outcome.remarks.push(`skipped: ${data.name} (${place}): ${data.skip === true ? 'no reason given' : data.skip}`)
  } else if (data.todo !== undefined) {
    outcome.remarks.push(`to do: ${data.name} (${place})`)
  }
}

function explain(error: Error): string {
  const cause: unknown = error.cause ?? error
  const text = cause instanceof Error && cause.stack !== undefined ? cause.stack : inspect(cause)
  return text.replace(/^/gm, '    ')
}

function printFile(path: string | undefined, outcome: Outcome, summary: EventData.TestSummary | null): void {
  const file = relative(ROOT, path ?? ROOT)
  const size = summary === null ? '' : ` (${summary.counts.tests} tests, ${(summary.duration_ms / 1000).toFixed(1)} s)`
  console.log(`${outcome.failures.length === 0 ? '✔' : '✖'} ${file}${size}`)
}

/** Prints the end of the report. Gives the number of failures. */
function printEnd(outcomes: ReadonlyMap<string, Outcome>): number {
  const remarks = [...outcomes.values()].flatMap((outcome) => outcome.remarks)
  if (remarks.length > 0) console.log(`\n${remarks.map((remark) => `﹣ ${remark}`).join('\n')}`)
  let count = 0
  for (const [file, { failures, output }] of outcomes) {
    if (failures.length === 0) continue
    count += failures.length
    console.log(`\n${failures.map((failure) => `✖ ${failure}`).join('\n\n')}`)
    if (output.length > 0) console.log(`\n  What ${file} printed:\n${output.join('').trimEnd().replace(/^/gm, '    ')}`)
  }
  console.log('')
  return count
}
