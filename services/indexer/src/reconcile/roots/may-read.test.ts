/** Shows when files are read beside scans: a table. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mayRead } from './may-read.ts'
import type { LiveState, Root } from './root.ts'

const scanning: LiveState = { kind: 'scanning', startedMs: 0, isFirst: true }
const KNOWN = { state: scanning, wasScanned: true }
const NEW = { state: scanning, wasScanned: false }
const WATCHING = { state: { kind: 'watching', nextRescanMs: 0 }, wasScanned: true } as const

/** From which time on, ms since the start. */
const CASES = [
  ['no scan', [WATCHING], 0],
  ['a scan of what is known', [WATCHING, KNOWN], 3_000],
  ['a root that was not looked for yet', [{ state: { kind: 'starting' }, wasScanned: false }], 3_000],
  ['the very first scan of a root', [KNOWN, NEW], 30_000],
] as const

for (const [what, roots, fromMs] of CASES) {
  test(`beside ${what}, files are read from ${fromMs} ms on`, () => {
    const isScanning = () => roots.some(({ state }) => state.kind !== 'watching')
    const given = { all: roots as unknown as Root[], isScanning }
    assert.equal(mayRead(given, fromMs), true)
    if (fromMs > 0) assert.equal(mayRead(given, fromMs - 1), false)
  })
}
