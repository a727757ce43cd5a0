/** Entry of the process that runs one probe and prints its answer as JSON: `probe-process.ts NAME INPUT`. */
import { writeSync } from 'node:fs'

const PROBES: Readonly<Record<string, (input: unknown) => Promise<unknown>>> = {
  folder: async (path) => (await import('./folder-probe.ts')).probeFolder(path as string),
  database: async (path) => (await import('./database-probe.ts')).probeDatabase(path as string),
  libmagic: async () => (await import('./library-probes.ts')).probeLibmagic(),
  mediainfo: async () => (await import('./library-probes.ts')).probeMediaInfo(),
  /** For tests: as if a disk did not answer. */
  never: () => new Promise(() => setInterval(() => {}, 60_000)),
}

const [name = '', input = 'null'] = process.argv.slice(2)
const answer = await PROBES[name]?.(JSON.parse(input))
writeSync(1, JSON.stringify(answer))
process.exit(0)
