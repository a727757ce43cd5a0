/**
 * Shows which system calls the filter refuses: the test interprets the program for each call and architecture, and the
 * real kernel applies it once.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { numberOf } from '../posix/system-call.ts'
import { assemble, type Refusal } from './filter.ts'
import { REFUSED_EVERYWHERE, refusedToWorkers } from './refusals.ts'

const ARCHITECTURES = [
  ['x64', 0xc000003e],
  ['arm64', 0xc00000b7],
] as const
const ALLOWED = 0x7fff0000
const REFUSED = 0x00050000
const WORKER = refusedToWorkers(4711, null)

/** The kernel's verdict on a call: interprets the few instructions that are used, as its documentation says. */
function verdict(program: ReturnType<typeof assemble>, data: Readonly<Record<number, number>>): number {
  let accumulator = 0
  for (let at = 0; at < program.length; at += 1) {
    const [code, ifTrue, ifFalse, value] = program[at] as (typeof program)[number]
    if (code === 0x20) accumulator = data[value] ?? 0
    else if (code === 0x15) at += accumulator === value ? ifTrue : ifFalse
    else if (code === 0x35) at += accumulator >= value ? ifTrue : ifFalse
    else if (code === 0x54) accumulator = (accumulator & value) >>> 0
    else if (code === 0x06) return value
    else assert.fail(`instruction ${code}`)
  }
  return assert.fail('it does not end')
}

for (const [architecture, audit] of ARCHITECTURES) {
  const call = (refusals: readonly Refusal[], number: number, argument = 0, at = 0) =>
    verdict(assemble(refusals, architecture), { 0: number, 4: audit, [16 + 8 * at]: argument })

  test(`${architecture}: each call of the lists is refused, and no other`, () => {
    const refusals = [...REFUSED_EVERYWHERE, ...WORKER]
    const numbers = new Map(refusals.map((one) => [numberOf(one.call, architecture), one]))
    for (let number = 0; number < 600; number += 1) {
      const refusal = numbers.get(number)
      const expected = refusal === undefined ? ALLOWED : REFUSED | refusal.errno
      // An argument with which no call passes.
      assert.equal(call(refusals, number, 999), expected, `${number} ${refusal?.call}`)
    }
  })

  test(`${architecture}: a call that depends on an argument passes with that argument alone`, () => {
    const [kill, clone] = [numberOf('kill', architecture) ?? 0, numberOf('clone', architecture) ?? 0]
    assert.equal(call(WORKER, kill, 4711), ALLOWED)
    assert.notEqual(call(WORKER, kill, 1), ALLOWED)
    assert.equal(call(WORKER, clone, 0x3d0f00), ALLOWED, 'a thread')
    assert.notEqual(call(WORKER, clone, 0x1200011), ALLOWED, 'a process')
    const [openat, own] = [numberOf('openat', architecture) ?? 0, 0o4000400]
    const byFlags = refusedToWorkers(1, own)
    assert.equal(call(byFlags, openat, own | 1, 2), ALLOWED)
    assert.notEqual(call(byFlags, openat, 0o4000000, 2), ALLOWED)
    assert.notEqual(call(WORKER, openat, own, 2), ALLOWED)
  })

  test(`${architecture}: calls by the numbers of another architecture are refused`, () => {
    const program = assemble([], architecture)
    for (const [, other] of ARCHITECTURES.filter(([name]) => name !== architecture)) {
      assert.notEqual(verdict(program, { 0: 1, 4: other }), ALLOWED)
    }
    assert.notEqual(verdict(program, { 0: 1, 4: 0x40000003 }), ALLOWED, 'i386')
    if (architecture === 'x64') assert.notEqual(verdict(program, { 0: 0x40000001, 4: audit }), ALLOWED, 'x32')
  })
}

test('the kernel applies the filter to every thread of a process, those that ran before too', () => {
  const script = join(import.meta.dirname, 'test-support/filtered.ts')
  const { stdout, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8' })
  assert.deepEqual(
    JSON.parse(stdout || '{}'),
    { applied: null, here: 'EACCES', inThePool: 'EACCES', inAThread: 'EACCES' },
    stderr,
  )
})
