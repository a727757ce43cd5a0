/** Holds the JSON of a node to the wire contract: its keys, their order, and its times. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'
import type { WireRow } from '../feed/wire-row.ts'
import { nodeJson } from './node-json.ts'

const video: WireRow = {
  nodeId: '6fa459ea-ee8a-5ca4-894e-db77e160355e',
  parentId: SUPER_ROOT_ID,
  name: 'Ünï "quoted" 😀.mp4',
  isDirectory: false,
  ctime: 1_772_625_600_000_000,
  mtime: -1,
  mimeType: 'video/mp4',
  hash: 'd41d8cd98f00b204e9800998ecf8427e',
  size: 8_796_093_022_208,
  isImage: false,
  isVideo: true,
  width: 1920,
  height: 1080,
  msDuration: 61_500,
}

test('a node has the keys of the contract, in its order', () => {
  assert.equal(
    JSON.stringify(nodeJson(video)),
    `{"id":"6fa459ea-ee8a-5ca4-894e-db77e160355e","parent_id":"${SUPER_ROOT_ID}",` +
      '"name":"Ünï \\"quoted\\" 😀.mp4","is_directory":false,"ctime":"2026-03-04T12:00:00+00:00",' +
      '"mtime":"1969-12-31T23:59:59.999999+00:00","mime_type":"video/mp4","hash":"d41d8cd98f00b204e9800998ecf8427e",' +
      '"size":8796093022208,"is_image":false,"is_video":true,"width":1920,"height":1080,"ms_duration":61500}',
  )
})

test('the super-root has no parent', () => {
  const row = { ...video, nodeId: SUPER_ROOT_ID, parentId: null, name: '', isDirectory: true }
  assert.equal(nodeJson(row).parent_id, null)
})

test('a time that a double would round keeps its microsecond, and one beyond what SQLite counts is the last there is', () => {
  assert.equal(nodeJson({ ...video, mtime: '200000000000123457' }).mtime, '8307-10-01T19:33:20.123457+00:00')
  assert.equal(nodeJson({ ...video, mtime: '4.61168601842739e+24' }).mtime, '9999-12-31T23:59:59.999999+00:00')
})
