/** A folder of many files that is renamed, and deleted. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openReader } from '@drive-feed/shared/open-database.ts'
import { makeFlatFolder } from '../library.ts'
import type { Part, PartOptions } from '../part.ts'
import { type Row, Values } from '../row.ts'
import { type Run, runSystem } from '../system.ts'

const FILES = 100_000

const POLL_MS = 5
const LIMIT_MS = 120_000

/** What may still be under way after the last change, such as its hashes. */
const QUIET_MS = 2_000

async function measureRound(round: number, values: Values, { work }: PartOptions): Promise<void> {
  const folder = join(work, `tree-${round}`)
  makeFlatFolder(folder, FILES)
  const system = await runSystem(folder, join(work, `data-${round}`), { files: FILES, until: 'watching' })
  await system.allHashed()
  await sleep(QUIET_MS)
  const [before, after] = ['group-0', 'renamed'].map((name) => join(folder, name)) as [string, string]
  const renamed = await measureChanges(system, FILES, ['mv', before, after])
  values.add('rename', (renamed.commandMs + renamed.afterMs) / 1000)
  await sleep(QUIET_MS)
  const removed = await measureChanges(system, FILES, ['rm', '-rf', after])
  values.add('rm -rf', removed.commandMs / 1000)
  values.add('removed', removed.afterMs / 1000)
  await system.stop()
}

/** Runs a command, and waits until the log has so many further changes. Milliseconds of the command, and after it. */
async function measureChanges(
  { database }: Run,
  changes: number,
  [command, ...args]: readonly string[],
): Promise<{ readonly commandMs: number; readonly afterMs: number }> {
  const { sqlite } = openReader(database)
  const headNow = sqlite.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'changes'").pluck()
  const expected = (headNow.get() as number) + changes
  const started = performance.now()
  const [code] = (await once(spawn(command as string, args, { stdio: 'inherit' }), 'exit')) as [number | null]
  if (code !== 0) throw new Error(`${command} ended with ${code}`)
  const ended = performance.now()
  while ((headNow.get() as number) < expected) {
    if (performance.now() > ended + LIMIT_MS) throw new Error(`${command}: no ${changes} changes within ${LIMIT_MS} ms`)
    await sleep(POLL_MS)
  }
  sqlite.close()
  return { commandMs: ended - started, afterMs: performance.now() - ended }
}

export const tree: Part = {
  about: `a folder of ${FILES.toLocaleString('en')} files renamed until all are issued again, and deleted until all are gone`,
  run: async (options) => {
    const values = new Values()
    for (let round = 0; round < options.rounds; round += 1) await measureRound(round, values, options)
    const row = (work: string, name: string, limit: number): Row => ({
      ...{ work, unit: 's', ours: values.of(name), rulers: [], goal: { of: 'value', is: 'at most', limit } },
    })
    const rows = [
      row('folder of 100,000 files renamed → all issued again', 'rename', 0.75),
      { ...row('rm -rf of 100,000 files → gone after it ends', 'removed', 1.2), rulers: [values.ruler('rm -rf')] },
    ]
    return { rows }
  },
}
