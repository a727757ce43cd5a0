/** Shows which library is asked about which file, and which needs none. Stand-ins record what they are asked. */
import assert from 'node:assert/strict'
import { closeSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { box } from '../../../../test/support/build-boxes.ts'
import { CORPUS, PICTURES } from '../../../../test/support/corpus.ts'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { type Effort, identify } from './identify.ts'
import { openLibmagic } from './libmagic.ts'
import type { Dimensions } from './libmediainfo.ts'
import type { Step } from './work-at.ts'

const libmagic = openLibmagic()

/** The answer of the stand-in for MediaInfo. */
const SAID: Dimensions = { width: 1, height: 2, msDuration: 3 }

type Answer = { readonly size: string; readonly msDuration: number; readonly askedFor: readonly string[] }

/** The answer for a content, and as which kinds MediaInfo was asked for it. */
function answerFor(
  context: TestContext,
  content: Buffer | string,
  { effort = 'full', mimeType }: { effort?: Effort; mimeType?: string } = {},
): Answer {
  const path = join(temporaryFolder(context), 'file')
  writeFileSync(path, content)
  const fd = openSync(path, 'r')
  context.after(() => closeSync(fd))
  const askedFor: string[] = []
  const dimensions = (_fd: number, _size: number, kind: 'picture' | 'film') => {
    askedFor.push(kind)
    return SAID
  }
  const identified = identify({ fd, size: Buffer.byteLength(content) }, effort, {
    libmagic: mimeType === undefined ? libmagic : { ...libmagic, mimeType: () => mimeType },
    mediaInfo: { version: 'none', dimensions },
  })
  assert.ok(identified !== null)
  const { about } = identified
  return { size: `${about.width}x${about.height}`, msDuration: about.msDuration, askedFor }
}

const NO_ANSWER: Answer = { size: '0x0', msDuration: 0, askedFor: [] }

test('the size of a picture of a usual format needs no C library, so it is known with less effort too', (context) => {
  for (const file of ['i.jpg', 'i.png', 'i.gif', 'i.webp', 'i.tiff', 'i.heic', 'i.avif']) {
    const content = readFileSync(join(CORPUS, file))
    for (const effort of ['full', 'without-mediainfo'] as const) {
      assert.deepEqual(answerFor(context, content, { effort }), { ...NO_ANSWER, size: '640x360' }, file)
    }
    assert.deepEqual(answerFor(context, content, { effort: 'hash-only' }), NO_ANSWER)
  }
})

test('with still less effort a picture is not measured either, and has its type', (context) => {
  const path = join(CORPUS, 'i.jpg')
  const fd = openSync(path, 'r')
  context.after(() => closeSync(fd))
  const mediaInfo = { version: 'none', dimensions: () => assert.fail('asked') }
  const identified = identify({ fd, size: statSync(path).size }, 'type-only', { libmagic, mediaInfo })
  const { mimeType, width } = identified?.about ?? {}
  assert.deepEqual([mimeType, width], ['image/jpeg', 0])
})

test('each step is noted before it begins, and a file that is held back stops before MediaInfo', (context) => {
  const stepsOf = (name: string, holdsBack: boolean) => {
    const path = join(CORPUS, name)
    const fd = openSync(path, 'r')
    context.after(() => closeSync(fd))
    const steps: Step[] = []
    const mediaInfo = { version: 'none', dimensions: () => SAID }
    const guide = { note: (step: Step) => steps.push(step), holdsBack }
    const identified = identify({ fd, size: statSync(path).size }, 'full', { libmagic, mediaInfo }, guide)
    return [...steps, identified === null ? 'held back' : identified.about.width]
  }
  assert.deepEqual(stepsOf('i.jpg', true), ['libmagic', 'measuring', 640])
  assert.deepEqual(stepsOf('v.mkv', true), ['libmagic', 'measuring', 'held back'])
  assert.deepEqual(stepsOf('v.mkv', false), ['libmagic', 'measuring', 'mediainfo', SAID.width])
})

test('a file that begins as one of our formats and has no size is not given to MediaInfo', (context) => {
  const cut = readFileSync(join(CORPUS, 'i.jpg')).subarray(0, 100)
  assert.deepEqual(answerFor(context, cut), NO_ANSWER)
  assert.deepEqual(answerFor(context, readFileSync(join(PICTURES, 'tiff-loop.tif'))), NO_ANSWER)
})

test('MediaInfo is asked for films as films, and for rare pictures as pictures', (context) => {
  const asked = (askedFor: string): Answer => ({ size: '1x2', msDuration: 3, askedFor: [askedFor] })
  assert.deepEqual(answerFor(context, readFileSync(join(CORPUS, 'v.mkv'))), asked('film'))
  const targa = Buffer.from(`\0\0\x02${'\0'.repeat(9)}\x40\0\x30\0\x18\0${'x'.repeat(600)}`, 'latin1')
  assert.deepEqual(answerFor(context, targa, { mimeType: 'image/x-tga' }), asked('picture'))
  assert.deepEqual(answerFor(context, targa, { mimeType: 'image/x-tga', effort: 'without-mediainfo' }), NO_ANSWER)
})

test('a manifest that passes as a picture or a film is given to nobody', (context) => {
  const manifest = '<MPD><Period><BaseURL>/elsewhere/film.mkv</BaseURL></Period></MPD>'
  assert.deepEqual(answerFor(context, `<?xml version="1.0"?><!-- <svg > -->${manifest}`), NO_ANSWER)
  assert.deepEqual(answerFor(context, `<!--ftypmp42-->${manifest}`), NO_ANSWER)
  for (const mimeType of ['image/heic', 'image/x-tga', 'video/mp4', 'video/MP2T']) {
    assert.deepEqual(answerFor(context, `#EXTM3U\n/elsewhere/film.mkv\n\0`, { mimeType }), NO_ANSWER, mimeType)
  }
})

test('gzip has the size of the SVG in it, and MediaInfo is not asked', (context) => {
  const picture = gzipSync('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 48"/>')
  assert.deepEqual(answerFor(context, picture), { ...NO_ANSWER, size: '64x48' })
  assert.deepEqual(answerFor(context, gzipSync('text')), NO_ANSWER)
})

test('a picture of ISO media is recognised by its type, whatever brand it has', (context) => {
  const content = readFileSync(join(CORPUS, 'i.heic'))
  const other = Buffer.concat([box('ftyp', 'MiHE\0\0\0\0mif1'), content.subarray(content.readUInt32BE(0))])
  assert.equal(answerFor(context, other, { mimeType: 'image/heif' }).size, '640x360')
  // The same parser would find the size of a film's track, but films are not for it.
  const film = answerFor(context, readFileSync(join(CORPUS, 'v.mp4')))
  assert.deepEqual(film, { size: '1x2', msDuration: 3, askedFor: ['film'] })
})
