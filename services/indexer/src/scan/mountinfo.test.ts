/** Shows how mountinfo is parsed: tables of lines, and the file of this process. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseMountinfo, readMountinfo } from './mountinfo.ts'

function points(...fields: readonly string[]): string[] {
  const lines = fields.map((field, at) => `${at} 1 8:1 / ${field} rw - ext4 /dev/sda1 rw\n`)
  return parseMountinfo(Buffer.from(lines.join('')).toString('latin1')).map(({ point }) => point)
}

test('blanks, tabs, newlines and backslashes are octal in the paths of mountinfo', () => {
  assert.deepEqual(points('/a\\040b', '/a\\011b', '/a\\012b', '/a\\134b', '/a\\134040'), [
    '/a b',
    '/a\tb',
    '/a\nb',
    '/a\\b',
    '/a\\040',
  ])
})

test('a path is bytes: UTF-8 is read as such, and other bytes are kept', () => {
  assert.deepEqual(points('/ünï/漢', '/\\303\\274'), ['/ünï/漢', '/ü'])
  const line = Buffer.concat([Buffer.from('1 1 8:1 / /a'), Buffer.of(0xff, 0xfe), Buffer.from(' rw - ext4 dev rw\n')])
  assert.equal(parseMountinfo(line.toString('latin1'))[0]?.point, '/a\udcff\udcfe')
})

test('every field of a line is found, whatever optional ones are between', () => {
  const line = '31 30 8:33 /photos /mnt rw shared:5 master:2 - xfs /dev/ü rw'
  assert.deepEqual(parseMountinfo(Buffer.from(line).toString('latin1')), [
    { id: '31', parentId: '30', device: '8:33', root: '/photos', point: '/mnt', type: 'xfs', source: '/dev/ü' },
  ])
})

test('a line of another form is left out', () => {
  assert.deepEqual(parseMountinfo('\n21 1 8:1 /\n21 1 8:1 / / rw\nhalf a - line\n'), [])
})

test("the process's own mounts can be read", () => {
  assert.ok(parseMountinfo(readMountinfo() ?? '').some(({ point }) => point === '/'))
})
