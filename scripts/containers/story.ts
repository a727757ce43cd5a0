/** A story of tests over containers: each step goes on where the one before it ended. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createDeployment, type Deployment } from './deployment.ts'

export type Story = {
  readonly deployment: Deployment
  /** After a failure no further step runs: it would fail for no reason of its own. `say` shows a figure with the step. */
  readonly step: (name: string, run: (say: (figure: string) => void) => Promise<void>) => void
  /** For a test that may be skipped. */
  readonly assertWhole: () => void
  /** Adds what the steps make besides: to be removed at the end too, and whose log is shown after a failure. */
  readonly alsoHas: (more: { readonly remove: () => void; readonly log: () => Promise<string> }) => void
}

/** The containers, images and folders are removed at the end, also after a signal. */
export async function createStory(): Promise<Story> {
  const deployment = await createDeployment()
  const removals = [deployment.remove]
  const logs = [() => deployment.compose('logs', '--no-color', '--tail', '50')]
  const removeAll = () => {
    for (const remove of removals) remove()
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      removeAll()
      process.exit(1)
    })
  }
  let isBroken = false
  after(async () => {
    for (const log of isBroken ? logs : []) console.error(await log().catch(String))
    removeAll()
  })
  const assertWhole = () => assert.ok(!isBroken, 'not reached, because of the failure above')
  const step: Story['step'] = (name, run) => {
    test(name, async (t) => {
      assertWhole()
      const began = performance.now()
      try {
        await run((figure) => t.diagnostic(figure))
      } catch (error) {
        isBroken = true
        throw error
      }
      t.diagnostic(`${((performance.now() - began) / 1000).toFixed(1)} s`)
    })
  }
  const alsoHas: Story['alsoHas'] = ({ remove, log }) => {
    removals.unshift(remove)
    logs.push(log)
  }
  return { deployment, step, assertWhole, alsoHas }
}
