/** Shows paths and subtrees of nodes, and that no folder is read twice. A tree in memory counts the queries. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPlaces, type Places, placesIn } from './places.ts'
import type { Place, Queries } from './queries.ts'

/** What one read costs at most, in folders. */
const COST_MAX = 2_000

/** Nodes as "parent/name" by id; counts what is read. */
function queriesOf(
  nodes: Record<string, string>,
  roots: Record<string, string>,
  { ancestorsMax = Number.POSITIVE_INFINITY } = {},
) {
  const reads: string[] = []
  const placeOf = (id: string): Place => {
    const [parentId = '', name = ''] = (nodes[id] ?? '').split('/')
    return { parentId, name }
  }
  return {
    reads,
    placeOf,
    place: (id: string) => {
      reads.push(id)
      return id in nodes ? placeOf(id) : undefined
    },
    ancestors: (id: string) => {
      reads.push(`all above ${id}`)
      const above: (Place & { id: string })[] = []
      for (
        let at: string | null = id;
        at !== null && at in nodes && above.length < ancestorsMax;
        at = placeOf(at).parentId
      ) {
        above.push({ id: at, ...placeOf(at) })
      }
      return above
    },
    rootPaths: () => new Map(Object.entries(roots)),
  }
}

function placesOf(
  nodes: Record<string, string>,
  roots: Record<string, string>,
  { ancestorsMax = Number.POSITIVE_INFINITY } = {},
) {
  const { reads, placeOf, ...queries } = queriesOf(nodes, roots, { ancestorsMax })
  const places: Places = createPlaces(queries)
  const pathOf = (id: string) => places.pathOf(id, placeOf(id))
  const isUnder = (id: string, folderId: string) => places.isUnder(id, placeOf(id), folderId)
  const add = (id: string, folders: Set<string>) => places.addFolders(id, placeOf(id), folders)
  return { pathOf, isUnder, add, climb: (id: string) => places.climb(placeOf(id)), places, reads }
}

const TREE = { media: '0/media', photos: 'media/photos', a: 'photos/a b.jpg', b: 'photos/b', lost: 'gone/lost' }

test('a path goes from the watched folder to the node', () => {
  const { pathOf } = placesOf(TREE, { media: '/mnt/media' })
  assert.equal(pathOf('media'), '/mnt/media')
  assert.equal(pathOf('photos'), '/mnt/media/photos')
  assert.equal(pathOf('a'), '/mnt/media/photos/a b.jpg')
})

test('what is below no watched folder has no path', () => {
  const { pathOf } = placesOf(TREE, { media: '/mnt/media' })
  assert.equal(pathOf('lost'), null)
  assert.equal(pathOf('0'), null)
})

test('a node has a path and is below its folders however deep it is', () => {
  const nodes: Record<string, string> = { media: '0/media', f1: 'media/d' }
  for (let depth = 2; depth <= 5_000; depth += 1) nodes[`f${depth}`] = `f${depth - 1}/d`
  const { pathOf, isUnder } = placesOf(nodes, { media: '/mnt' })
  assert.equal(pathOf('f5000'), `/mnt${'/d'.repeat(5_000)}`)
  assert.ok(isUnder('f5000', 'f1'))
})

test('the watched folder can be the top of the disk', () => {
  const { pathOf } = placesOf(TREE, { media: '/' })
  assert.equal(pathOf('media'), '/')
  assert.equal(pathOf('photos'), '/photos')
})

test('each folder of a page is read once', () => {
  const { pathOf, isUnder, reads } = placesOf(TREE, { media: '/mnt/media' })
  for (const id of ['a', 'b', 'a', 'photos']) pathOf(id)
  for (const id of ['a', 'b']) isUnder(id, 'media')
  assert.deepEqual(reads, ['photos'])
})

test('a node is under itself and all that is above it', () => {
  const { isUnder } = placesOf(TREE, {})
  assert.deepEqual(
    ['a', 'photos', 'media', '0', 'b', 'gone'].map((folder) => isUnder('a', folder)),
    [true, true, true, true, false, false],
  )
})

test('climbing ends in a tree that is a circle', () => {
  const { pathOf, isUnder } = placesOf({ a: 'b/a', b: 'a/b' }, {})
  assert.equal(pathOf('a'), null)
  assert.equal(isUnder('a', 'elsewhere'), false)
})

test('in a tree of any depth a few reads are enough, and all that is in it is right', () => {
  const deep: Record<string, string> = { root: '0/root' }
  for (let level = 0; level < 9_000; level += 1) deep[`f${level}`] = `${level === 0 ? 'root' : `f${level - 1}`}/d`
  const { pathOf, isUnder, reads } = placesOf(deep, { root: '/mnt' })
  assert.equal(pathOf('f8999'), `/mnt${'/d'.repeat(9_000)}`)
  assert.ok(isUnder('f8999', 'root') && isUnder('f8999', 'f0') && !isUnder('f0', 'f8999'))
  assert.ok(reads.length < 100, `${reads.length} reads`)
})

/** A way down of so many folders, d1 to dN, with files in the last one. */
function deepTree(depth: number, files: number): Record<string, string> {
  const nodes: Record<string, string> = { media: '0/media' }
  for (let level = 1; level <= depth; level += 1) nodes[`d${level}`] = `${level === 1 ? 'media' : `d${level - 1}`}/d`
  for (let n = 0; n < files; n += 1) nodes[`f${n}`] = `d${depth}/f${n}`
  return nodes
}

test('deeper than 4,096 levels, nobody climbs where somebody was before', () => {
  const [depth, files] = [5_000, 1_000]
  const { pathOf, isUnder, add, places } = placesOf(deepTree(depth, files), { media: '/mnt' })
  const folders = new Set<string>()
  for (let n = 0; n < files; n += 1) {
    assert.ok(!isUnder(`f${n}`, 'elsewhere') && isUnder(`f${n}`, 'd1'))
    assert.equal(pathOf(`f${n}`)?.length, '/mnt'.length + 2 * depth + `/f${n}`.length)
    add(`f${n}`, folders)
  }
  // Whoever is in the middle profits as well.
  assert.ok(!isUnder('d2500', 'elsewhere'))
  assert.equal(folders.size, files + depth + 2)
  // Read once, and passed once for each of the four questions and not once for each file.
  assert.ok(places.cost() <= 1.5 * depth, `${places.cost()} folders`)
})

test('a climb goes on in the next read where the one before ended, and nothing is read twice', () => {
  const depth = 9_000
  const nodes: Record<string, string> = { ...deepTree(depth, 2), e: 'x9/e' }
  for (let level = 0; level < 10; level += 1) nodes[`x${level}`] = `${level === 0 ? 'media' : `x${level - 1}`}/x`
  const { pathOf, climb, places, reads } = placesOf(nodes, { media: '/mnt' }, { ancestorsMax: 500 })
  let count = 1
  for (; !climb('f0'); count += 1) {
    assert.ok(places.cost() <= COST_MAX + 500, `${places.cost()} folders in a read`)
    // What is near is left to another read as well.
    assert.equal(climb('e'), false)
    assert.ok(places.beginRead())
  }
  assert.ok(count >= 3 && count <= depth / COST_MAX + 1, `${count} reads`)
  const before = reads.length
  assert.equal(pathOf('f0'), `/mnt${'/d'.repeat(depth)}/f0`)
  assert.ok(climb('f1') && climb('e'))
  assert.ok(before < depth / 500 + 50 && reads.length === before + 10, `${before}, ${reads.length}`)
})

test('where states change faster than a tree is climbed, each climbs twice as far, until the top is reached', () => {
  const [depth, nodes] = [9_000, deepTree(9_000, 1)]
  let state = 0
  const queries = queriesOf(nodes, { media: '/mnt' }, { ancestorsMax: 500 })
  const all = { ...queries, feed: () => ({ epoch: 'e', head: state, roots: '' }) } as unknown as Queries
  const place = { parentId: `d${depth}`, name: 'f0' }
  const costs: number[] = []
  for (let isDone = false; !isDone; state += 1) {
    const places = placesIn(all)
    isDone = places.climb(place)
    costs.push(Math.ceil(places.cost() / 500) * 500)
  }
  assert.ok(costs.length < 6, costs.join(' '))
  // Each with one query more than it may cost, as the last one is not cut.
  assert.deepEqual(costs, [COST_MAX + 500, 2 * COST_MAX + 500, 4 * COST_MAX + 500, 9_500])
  state += 1
  assert.equal(placesIn(all).climb({ parentId: 'media', name: 'e' }), true)
  state += 1
  assert.equal(placesIn(all).climb(place), false)
})

for (const depth of [1_998, 2_010, 2_030, 4_010, 5_000, 9_000]) {
  for (const others of [0, 1, 3]) {
    test(`${depth} levels are climbed though ${others} other reads see each state or one of their own`, () => {
      const queries = queriesOf({ ...deepTree(depth, 1), near: 'media/near' }, { media: '/mnt' }, { ancestorsMax: 500 })
      let state = 0
      const all = { ...queries, feed: () => ({ epoch: 'e', head: state, roots: '' }) } as unknown as Queries
      const place = { parentId: `d${depth}`, name: 'f0' }
      for (; !placesIn(all).climb(place); state += 1) {
        for (let other = 0; other < others; other += 1) {
          // The first one sees the same state, the others see later ones.
          if (other > 0) state += 1
          assert.ok(placesIn(all).climb({ parentId: 'near', name: 'x' }))
        }
        assert.ok(state < 40, 'never climbed')
      }
    })
  }
}
