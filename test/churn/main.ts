/**
 * Long runs: `npm run churn -- --minutes=N --seed=S`. With `--side-by-side=K` there are K runs, with the seeds S, S+1,
 * …… `--without=OPERATION,…`: leaves operations out, to see what else fails. `--shrink-minutes=N`: how long a failing
 * history is shrunk. `--filesystem=NAME`: runs on a filesystem of its own, see `filesystems.ts`; `all`: on each for as
 * long, one after another.
 */
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { churn, noFigures } from './churn.ts'
import { FILESYSTEMS, type Filesystem } from './filesystems.ts'
import { noFilesystem } from './mounted-disk.ts'
import type { Figures } from './run.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    'side-by-side': { type: 'string', default: '2' },
    filesystem: { type: 'string' },
    without: { type: 'string', default: '' },
    'shrink-minutes': { type: 'string', default: '5' },
  },
})
const [minutes, firstSeed, count] = [Number(values.minutes), Number(values.seed), Number(values['side-by-side'])]
const seeds = Array.from({ length: count }, (_, at) => firstSeed + at)
/** Whatever the process mounts or starts, and what that starts, is gone when the process ends, however it ends. */
const ALONE = ['--mount', '--pid', '--fork', '--kill-child=SIGKILL', '--mount-proc', '--propagation=private']
const IS_ALONE = 'CHURN_IS_ALONE'

type Result = { readonly figures: Figures; readonly failures: number }

const { filesystem } = values
if (filesystem !== undefined && process.env[IS_ALONE] === undefined && process.geteuid?.() === 0) {
  const args = [...ALONE, process.execPath, ...process.argv.slice(1)]
  const { status } = spawnSync('unshare', args, { stdio: 'inherit', env: { ...process.env, [IS_ALONE]: '1' } })
  process.exitCode = status ?? 1
} else if (filesystem === undefined) {
  if ((await run(null)).failures > 0) process.exitCode = 1
} else {
  const without = Object.fromEntries(values.without.split(',').map((name) => [name, 'the command line says so']))
  const chosen = filesystem === 'all' ? FILESYSTEMS : [named(filesystem)]
  await runOn(chosen.map((one) => ({ ...one, without: { ...one.without, ...without } })))
}

function named(name: string): Filesystem {
  const found = FILESYSTEMS.find((one) => one.name === name)
  if (found !== undefined) return found
  console.error(`--filesystem=${name}: there is all, ${FILESYSTEMS.map((one) => one.name).join(', ')}`)
  return process.exit(2)
}

async function runOn(filesystems: readonly Filesystem[]): Promise<void> {
  const lines = ['filesystem      operations  rounds  remounts  failures']
  for (const one of filesystems) {
    const reason = noFilesystem(one)
    if (reason !== false) {
      lines.push(`${one.name.padEnd(14)}  skipped: ${reason}`)
      if (filesystems.length === 1) process.exitCode = 2
      continue
    }
    const { figures, failures } = await run(one)
    if (failures > 0) process.exitCode = 1
    const columns = [figures.operations, figures.rounds, figures.remount, failures]
    lines.push(
      [one.name.padEnd(14), ...columns.map((figure, at) => `${figure}`.padStart([10, 6, 8, 8][at] as number))].join(
        '  ',
      ),
    )
  }
  console.log(lines.join('\n'))
}

async function run(on: Filesystem | null): Promise<Result> {
  const all = new Map<number, Figures>()
  const where = on === null ? '' : `${on.name}: `
  const startedMs = performance.now()
  let saidMs = startedMs
  const say = () =>
    console.log(`${where}${((performance.now() - startedMs) / 60_000).toFixed(1)} minutes`, JSON.stringify(total(all)))
  const runs = seeds.map((seed) =>
    churn({
      seed,
      durationMs: minutes * 60_000,
      shrinkMs: Number(values['shrink-minutes']) * 60_000,
      filesystem: on,
      waitsForLast: true,
      onHistory: (figures) => {
        all.set(seed, { ...figures })
        if (performance.now() - saidMs < 60_000) return
        saidMs = performance.now()
        say()
      },
      onFailure: (error, figures) => {
        all.set(seed, { ...figures })
        console.log(`${where}seed ${seed} failed: ${error.message}`)
      },
    }),
  )
  const failures = (await Promise.allSettled(runs)).filter((one) => one.status === 'rejected')
  for (const { reason } of failures) console.error((reason as Error).message)
  say()
  const outcome = failures.length > 0 ? `${failures.length} failed` : 'equal after every round'
  console.log(`${where}seeds ${seeds.join(', ')}: ${outcome}`)
  return { figures: total(all), failures: failures.length }
}

function total(all: ReadonlyMap<number, Figures>): Figures {
  const sum = noFigures()
  for (const figures of all.values()) {
    for (const key of Object.keys(sum) as (keyof Figures)[]) sum[key] += figures[key]
  }
  return sum
}
