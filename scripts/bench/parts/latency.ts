/** How long a new file takes to reach a client in a long poll, and what nothing to do costs. */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { measureLatency } from '../follow-latency.ts'
import { makeSmallFiles } from '../library.ts'
import { median } from '../median.ts'
import type { Part } from '../part.ts'
import { processorSeconds } from '../process-figures.ts'
import type { Row } from '../row.ts'
import { runSystem } from '../system.ts'

/** New files of a round, one after another. */
const FILES = 100

/** What may still run after the last change has ended by then: workers, and the release of memory. */
const QUIET_MS = 45_000
const IDLE_MS = 20_000

export const latency: Part = {
  about: `${FILES} new files one by one beside 10,000, from close(2) to the answer at a client that waits`,
  run: async ({ work, rounds }) => {
    const folder = join(work, 'latency')
    const files = makeSmallFiles(folder)
    const system = await runSystem(folder, join(work, 'data'), { files, until: 'watching' })
    await system.allHashed()
    const [half, most]: [number[], number[]] = [[], []]
    for (let round = 0; round < rounds; round += 1) {
      const latencies = await measureLatency(system.url, folder, `${round}`, FILES)
      half.push(median(latencies))
      most.push(latencies.toSorted((a, b) => a - b)[Math.ceil(0.99 * FILES) - 1] as number)
    }
    await system.stop()
    const row = (what: string, ours: number[], limit: number): Row => ({
      ...{ work: `one small file, close → client, ${what}`, unit: 'ms', ours, rulers: [] },
      goal: { of: 'value', is: 'at most', limit },
    })
    return { rows: [row('median', half, 12), row('99 of 100', most, 40)] }
  },
}

export const idle: Part = {
  about: `processor seconds of both services in ${IDLE_MS / 1000} s in which nothing happens`,
  run: async ({ work, rounds }) => {
    const folder = join(work, 'idle')
    const files = makeSmallFiles(folder)
    const system = await runSystem(folder, join(work, 'data'), { files, until: 'watching' })
    await system.allHashed()
    await sleep(QUIET_MS)
    const used = () => processorSeconds(system.pids.indexer) + processorSeconds(system.pids.api)
    const ours: number[] = []
    for (let round = 0; round < rounds; round += 1) {
      const before = used()
      await sleep(IDLE_MS)
      ours.push(used() - before)
    }
    await system.stop()
    const goal = { of: 'value', is: 'at most', limit: 0.05 } as const
    return { rows: [{ work: `processor time in ${IDLE_MS / 1000} idle seconds`, unit: 's', ours, rulers: [], goal }] }
  },
}
