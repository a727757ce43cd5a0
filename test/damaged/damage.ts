/** Damaged media files: the corpus with bits flipped, ends cut off, absurd sizes, and headers put on other bodies. */
import { readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { CORPUS } from '../support/corpus.ts'
import type { Random } from '../support/random.ts'

export type DamagedFile = {
  /** The name says what was done to which sample. The extension is the sample's. */
  readonly name: string
  readonly bytes: Buffer
}

/** A smaller sample has nothing to damage. Bytes. */
const SAMPLE_MIN = 100
/** Containers have what parsers believe (sizes, offsets, counts) in so many bytes at the start. */
const HEADER = 4096
/** Numbers that a careless parser multiplies, adds up or allocates. */
const ABSURD = [0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffff0]

type Sample = { readonly name: string; readonly bytes: Buffer }
type Damage = (sample: Sample, random: Random, samples: readonly Sample[]) => Buffer

const DAMAGES: Readonly<Record<string, Damage>> = {
  flipped: ({ bytes }, random) => {
    const damaged = Buffer.from(bytes)
    for (let flips = 1 + random.below(64); flips > 0; flips -= 1) {
      const at = placeIn(bytes, random)
      damaged.writeUInt8((damaged[at] as number) ^ (1 << random.below(8)), at)
    }
    return damaged
  },
  cut: ({ bytes }, random) => bytes.subarray(0, placeIn(bytes, random)),
  absurd: ({ bytes }, random) => {
    const damaged = Buffer.from(bytes)
    for (let places = 1 + random.below(8); places > 0; places -= 1) {
      damaged.writeUInt32BE(random.pick(ABSURD) as number, Math.min(placeIn(bytes, random), bytes.length - 4))
    }
    return damaged
  },
  spliced: ({ bytes }, random, samples) => {
    const body = (random.pick(samples) as Sample).bytes
    return Buffer.concat([bytes.subarray(0, placeIn(bytes, random)), body.subarray(random.below(body.length))])
  },
}

/** An endless series of files, the same for the same random numbers: samples and damages take turns. */
export function* damagedFiles(random: Random): Generator<DamagedFile> {
  const samples = readdirSync(CORPUS)
    .sort()
    .map((name): Sample => ({ name, bytes: readFileSync(join(CORPUS, name)) }))
    .filter(({ name, bytes }) => name !== 'expected.json' && bytes.length >= SAMPLE_MIN)
  for (let round = 0; ; round += 1) {
    for (const sample of samples) {
      for (const [kind, damage] of Object.entries(DAMAGES)) {
        const extension = extname(sample.name)
        const stem = sample.name.slice(0, -extension.length)
        yield { name: `${stem}-${kind}-${round}${extension}`, bytes: damage(sample, random, samples) }
      }
    }
  }
}

/** A place in the file, mostly in its header. */
function placeIn(bytes: Buffer, random: Random): number {
  return random.below(random.chance(0.75) ? Math.min(HEADER, bytes.length) : bytes.length)
}
