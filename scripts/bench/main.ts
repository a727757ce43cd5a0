/**
 * `npm run bench [-- metadata|scan|memory|latency…]`: measures the whole system. If there is a floor, both are measured
 * in one run on one machine: the seconds differ between machines, but their ratio does not. Everything happens in a
 * temporary folder and on the loopback interface.
 */
import { inTemporaryFolder } from '../../test/support/temporary-folder.ts'
import { benchLatency } from './bench-latency.ts'
import { benchMemory } from './bench-memory.ts'
import { benchMetadata } from './bench-metadata.ts'
import { benchScan } from './bench-scan.ts'

/** Each bench prints its figures. @param work a folder for the files and the databases */
const BENCHES: Readonly<Record<string, (work: string) => Promise<void>>> = {
  metadata: benchMetadata,
  scan: benchScan,
  memory: benchMemory,
  latency: benchLatency,
}

const wanted = process.argv.slice(2)
const unknown = wanted.find((name) => !Object.hasOwn(BENCHES, name))
if (unknown !== undefined) {
  console.error(`There is no bench ${unknown}; there are ${Object.keys(BENCHES).join(', ')}.`)
  process.exit(2)
}
await inTemporaryFolder(async (work) => {
  for (const [name, bench] of Object.entries(BENCHES)) {
    if (wanted.length === 0 || wanted.includes(name)) await bench(work)
  }
})
