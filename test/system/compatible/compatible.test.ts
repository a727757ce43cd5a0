/**
 * Shows I2 for clients written for the original program: they end with the tree of the disk while random operations
 * change it. Both services run as processes.
 */
import assert from 'node:assert/strict'
import { chmodSync, lstatSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { ANY, operate } from '../../churn/operations.ts'
import { NAMES } from '../../churn/places.ts'
import { closeAll, createWorld, lookAround, type World } from '../../churn/world.ts'
import { expectedTree, untilConverged } from '../../support/convergence.ts'
import { differences, type TreeImage } from '../../support/disk-tree.ts'
import { createPair, type Pair } from '../../support/pair.ts'
import { createRandom } from '../../support/random.ts'
import { createOriginalContractClient } from './original-contract.ts'
import { type CompatibleClient, createPythonDriver } from './python-driver.ts'

const ROUNDS = 25
const OPERATIONS_A_ROUND = 12
/** Clients receive no time outside of the years 1 to 9999. */
const OPERATIONS = ANY.filter((name) => name !== 'touchFar')

test('I2: clients written for the original program end with the tree of the disk', async (t) => {
  const pair = await createPair(t, { roots: ['one', 'two'] })
  const roots = Object.values(pair.configuration().roots)
  // The random operations have folders of their own.
  const watched = roots.map((root) => join(root, 'random'))
  for (const folder of watched) mkdirSync(folder)
  // A name that is no UTF-8 is shown to clients in another form.
  const names = NAMES.filter((name) => name.isWellFormed())
  const at = { base: pair.folder, watched, outside: join(pair.folder, 'outside') }
  const world: World = {
    ...createWorld({ ...at, names, filesystem: null, mayMount: false }),
    mayLeaveOpen: false,
  }
  t.after(() => world.leases.end())
  await Promise.all([pair.startIndexer(), pair.startApi()])
  const clients: Readonly<Record<string, CompatibleClient>> = {
    'the Python driver': createPythonDriver(pair.url, null),
    'the Python driver, with small pages': createPythonDriver(pair.url, 5),
    'a client of the contract of 1.0.1': createOriginalContractClient(pair.url),
  }
  const seed = Number(process.env.CHURN_SEED ?? Date.now() % 1_000_000)
  t.diagnostic(`seed ${seed}`)
  let isChanging = true
  const syncing = Object.values(clients).map(async (client) => {
    while (isChanging) await client.sync()
  })
  await Promise.race([change(world, seed, roots), Promise.all(syncing)])
  isChanging = false
  await Promise.all(syncing)
  closeAll(world)
  stirAll({ ...world, watched: roots, isCalm: true })
  // A file that kept changing while it was read is tried again after pauses that grow to a minute.
  await untilConverged(pair, { boundMs: 75_000 })
  for (const [name, client] of Object.entries(clients)) {
    await t.test(name, async () => {
      await client.sync()
      const expected = expectedTree(pair)
      assert.deepEqual(differences(expected, client.snapshot.tree(), 'the client’s tree'), [])
      assert.deepEqual(differences(onDisk(pair, expected), client.snapshot.paths(), 'the client’s paths'), [])
    })
  }
  t.diagnostic(`nodes gone before their path was requested: ${Object.values(clients).map((client) => client.misses())}`)
})

/**
 * Does random operations, and makes folders that soon go: files are gone, or have moved, before their path is
 * requested.
 */
async function change(world: World, seed: number, [one = '', two = '']: readonly string[]): Promise<void> {
  const random = createRandom(seed)
  const passing = join(one, 'passing')
  for (let round = 0; round < ROUNDS; round += 1) {
    mkdirSync(join(passing, 'deep'), { recursive: true })
    for (let n = 0; n < 20; n += 1) writeFileSync(join(passing, n % 2 === 0 ? 'deep' : '.', `${n}`), `${round} ${n}`)
    for (let n = 0; n < OPERATIONS_A_ROUND; n += 1) {
      operate(world, random.pick(OPERATIONS) ?? 'create', random.below(2 ** 32), lookAround(world))
    }
    await sleep(random.below(100))
    const kept = join(two, `kept ${round % 5}`)
    rmSync(kept, { recursive: true, force: true })
    renameSync(join(passing, 'deep'), kept)
    await sleep(random.below(60))
    rmSync(passing, { recursive: true })
  }
}

/**
 * Touches every file: a write through a hard link that is gone and was not watched is found by a look at another name.
 */
function stirAll(world: World): void {
  for (const path of lookAround(world).files) chmodSync(path, lstatSync(path).mode ^ 0o020)
}

/** The tree with the absolute paths of the watched folders. */
function onDisk(pair: Pair, tree: TreeImage): TreeImage {
  const { roots } = pair.configuration()
  return new Map(
    Array.from(tree, ([key, what]) => {
      const [root = '', ...names] = key.split('/')
      return [[roots[root], ...names].join('/'), what]
    }),
  )
}
