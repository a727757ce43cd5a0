/** Shows when each quiet folder is listed again, minute by minute of a given clock. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createQuietListings } from './quiet-listings.ts'

/** A minute each; `listedUntil` gives in which slots something was listed, and how much. */
function listings({ slotsMax = 60 } = {}) {
  const clock = { minute: 0 }
  const made = createQuietListings<string>({ slotAt: Math.floor, slotsMax }, () => clock.minute)
  const listedUntil = (minute: number, canList: (key: string) => boolean = () => true): [number, string][] => {
    const listed: [number, string][] = []
    for (; clock.minute < minute; clock.minute += 0.25) {
      if (!made.isDue(clock.minute)) continue
      const taken = made.take(clock.minute, 'due', canList)
      if (taken.length > 0) listed.push([clock.minute, taken.join(' ')])
    }
    return listed
  }
  return { clock, listings: made, listedUntil }
}

test('what stays quiet is listed after a minute, then less and less often, up to the longest interval', () => {
  const { listings: made, listedUntil } = listings()
  made.add('a')
  const minutes = listedUntil(400).map(([minute]) => minute)
  assert.deepEqual(minutes, [1, 2, 4, 8, 16, 32, 60, 120, 180, 240, 300, 360])
})

test('with a longest interval of a minute it is listed every minute', () => {
  const { listings: made, listedUntil } = listings({ slotsMax: 1 })
  made.add('a')
  assert.deepEqual(
    listedUntil(5).map(([minute]) => minute),
    [1, 2, 3, 4],
  )
})

test('where something was found it is listed in the next slot, and often again', () => {
  const { listings: made, listedUntil } = listings()
  made.add('a')
  assert.equal(listedUntil(130).at(-1)?.[0], 120)
  made.stir('a')
  assert.deepEqual([...made.stirred()], ['a'])
  assert.deepEqual(
    listedUntil(145).map(([minute]) => minute),
    [131, 132, 136, 144],
  )
  assert.deepEqual([...made.stirred()], [])
})

test('whenever it was put in, what is quiet is listed together: a disk wakes once in the longest interval', () => {
  const { clock, listings: made, listedUntil } = listings()
  for (let n = 0; n < 100; n += 1) {
    clock.minute = n * 1.25
    made.add(`${n}`)
  }
  listedUntil(300)
  const bursts = listedUntil(600)
  assert.deepEqual(
    bursts.map(([minute, keys]) => [minute, keys.split(' ').length]),
    [300, 360, 420, 480, 540].map((minute) => [minute, 100]),
  )
})

test('between two listings of the same never lies more than its interval', () => {
  for (const slotsMax of [1, 2, 3, 7, 60, 1440]) {
    for (const start of [0, 5, 31, 59, 61]) {
      const { clock, listings: made, listedUntil } = listings({ slotsMax })
      clock.minute = start
      made.add('a')
      let [before, slots] = [start, 1]
      for (const [minute] of listedUntil(start + 5_000)) {
        assert.ok(minute - before <= slots, `${slotsMax}: ${before} to ${minute}`)
        slots = Math.min(slots * 2, slotsMax)
        before = minute
      }
    }
  }
})

test('what can not be listed now is due until it can, and what is deleted is no more', () => {
  const { listings: made, listedUntil } = listings()
  for (const key of ['away', 'a', 'b']) made.add(key)
  made.delete('b')
  made.stir('b')
  assert.deepEqual(
    listedUntil(2, (key) => key !== 'away'),
    [[1, 'a']],
  )
  assert.deepEqual(listedUntil(2.25), [[2, 'away a']])
})

test('all can be listed before their time', () => {
  const { clock, listings: made } = listings()
  made.add('a')
  clock.minute = 0.5
  assert.deepEqual(
    made.take(0.5, 'due', () => true),
    [],
  )
  assert.deepEqual(
    made.take(0.5, 'all', () => true),
    ['a'],
  )
})
