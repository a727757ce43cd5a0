/**
 * Shows what every route does with its query string: the limits, and the header that names unknown parameters. Requests
 * go to the app.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertProblem } from '../../../../test/support/assert-problem.ts'
import { smallFeed } from '../../../../test/support/small-feed.ts'

const ROUTES = ['changes', 'events', 'cursor', 'root', 'nodes', 'nodes/a', 'nodes/a/path', 'nodes/media/children']

test('more than 100 parameters are refused, whatever they are; none is dropped silently', async (t) => {
  const { url } = await smallFeed(t)
  for (const route of ROUTES) {
    for (const query of ['x&'.repeat(101), `${'cursor=0&'.repeat(100)}under=photos`, 'a=1&b=2&'.repeat(51)]) {
      const { detail } = await assertProblem(await fetch(`${url}/${route}?${query}`), 400)
      assert.match(detail, /100 parameters/, route)
    }
  }
  const ids = (count: number) => Array.from({ length: count }, () => 'id=a').join('&')
  assert.equal((await fetch(`${url}/paths?${ids(100)}`)).status, 200)
  await assertProblem(await fetch(`${url}/paths?${ids(101)}`), 400)
  const many = await fetch(`${url}/changes?${'x&'.repeat(99)}under=photos`)
  const { changes } = (await many.json()) as { changes: { node: { id: string } }[] }
  assert.deepEqual(
    changes.map(({ node }) => node.id),
    ['photos', 'a'],
  )
  // Nothing between two ampersands is no parameter, and hides none either.
  const empty = await fetch(`${url}/changes?${'&'.repeat(2_000)}under=photos`)
  assert.equal(((await empty.json()) as { changes: unknown[] }).changes.length, 2)
})

test('parameters that mean nothing are named in a header, whatever the answer is, and at debug', async (t) => {
  const { url, log } = await smallFeed(t, { level: 'debug' })
  const ignored = async (query: string, init: RequestInit = {}) => {
    const response = await fetch(`${url}/${query}`, init)
    await response.body?.cancel()
    return response.headers.get('feed-ignored')
  }
  assert.equal(
    await ignored('changes?cursor=0&max_size=1&wait=0&include=path&type=file&settled=1&under=a&epoch=x'),
    null,
  )
  assert.equal(await ignored('changes?maxsize=1&limit=2&limit=3&cursor=4'), 'maxsize, limit')
  assert.equal(await ignored('changes?cursor=x&limit=2'), 'limit')
  assert.equal(await ignored('changes?Cursor=4&max_size[]=1'), 'Cursor, max_size%5B%5D')
  assert.equal(await ignored('cursor?cursor=1'), 'cursor')
  assert.equal(await ignored('events?cursor=1&timeout=1', { method: 'HEAD' }), 'timeout')
  assert.equal(await ignored('nodes/nothing?x'), 'x')
  assert.equal(await ignored('../../healthz/?x=1'), 'x')
  assert.equal(await ignored('cursor?=1&&'), null)
  const tag = (await fetch(`${url}/cursor?x=1`)).headers.get('etag') as string
  assert.equal(await ignored('cursor?x=1', { headers: { 'If-None-Match': tag } }), 'x')
  const told = log.flatMap((line) => (line as { ignored?: string[] }).ignored ?? [])
  assert.ok(told.includes('maxsize') && told.includes('limit'))
})

test('the header that names them is safe and short, whatever their names are', async (t) => {
  const { url } = await smallFeed(t)
  const odd = [
    'a\r\nSet-Cookie: b=c',
    'x, y',
    '\u0000',
    'ü😀',
    '__proto__',
    'constructor',
    '"',
    '\ud800',
    ' '.repeat(300),
  ]
  for (const name of odd) {
    const query = encodeURIComponent(name.toWellFormed())
    const response = await fetch(`${url}/cursor?${query}=1`)
    assert.equal(response.status, 200)
    assert.match(response.headers.get('feed-ignored') ?? '', /^[\w%.~!*'()-]+$/)
    assert.equal(response.headers.get('set-cookie'), null)
  }
  const raw = await fetch(`${url}/cursor?%ff%0d%0aX=1`)
  assert.match(raw.headers.get('feed-ignored') ?? '', /^%EF%BF%BD%0D%0AX$/)
  const long = Array.from({ length: 90 }, (_, n) => `${n}${encodeURIComponent('😀'.repeat(5))}`).join('&')
  const names = (await fetch(`${url}/cursor?${long}`)).headers.get('feed-ignored') ?? ''
  assert.equal(names.split(', ').length, 10)
  assert.ok(names.length < 10 * 40 * 9)
})
