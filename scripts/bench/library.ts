/** Libraries of files to measure with, the same every time. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const JPEG = new URL('../../test/data/corpus/i.jpg', import.meta.url)

/** Files of a folder in a large library. */
const FILES_EACH = 20

/** Folders that one folder holds, so that no folder is as long as the library. */
const FOLDERS_EACH = 200

/** 10,000 different files of about 4 KiB, every fifth a JPEG of 10 KiB, in 100 folders. Gives their number. */
export function makeSmallFiles(folder: string): number {
  return makeFiles(folder, { folders: 100, filesEach: 100 }, (index) => (index % 5 === 0 ? jpegFile : textFile)(index))
}

/** 1,000 files of one kind in 10 folders. Gives their number. */
export function makeFilesOfKind(folder: string, kind: 'JPEG' | 'text'): number {
  return makeFiles(folder, { folders: 10, filesEach: 100 }, kind === 'JPEG' ? jpegFile : textFile)
}

const jpeg = readFileSync(JPEG)
const text = Buffer.alloc(4096, 'All work and no play makes a dull file. ')

function jpegFile(index: number): NamedContent {
  return { name: `${index}.jpg`, content: Buffer.concat([jpeg, Buffer.from(`${index}`)]) }
}

function textFile(index: number): NamedContent {
  return { name: `${index}.txt`, content: Buffer.concat([text, Buffer.from(`${index}`)]) }
}

type NamedContent = { readonly name: string; readonly content: Buffer }

const EMPTY = Buffer.alloc(0)

/** Empty files, 20 in a folder. */
export function makeLibrary(folder: string, files: number): void {
  const made = makeFiles(folder, { folders: files / FILES_EACH, filesEach: FILES_EACH }, nameOnly)
  if (made !== files) throw new Error(`a library has a multiple of ${FILES_EACH} files, not ${files}`)
}

/** Empty files in one folder. */
export function makeFlatFolder(folder: string, files: number): void {
  makeFiles(folder, { folders: 1, filesEach: files }, nameOnly)
}

function nameOnly(index: number): NamedContent {
  return { name: `${index}.dat`, content: EMPTY }
}

function makeFiles(
  folder: string,
  { folders, filesEach }: { folders: number; filesEach: number },
  file: (index: number) => NamedContent,
): number {
  for (let at = 0; at < folders; at += 1) {
    const below = join(folder, `group-${Math.floor(at / FOLDERS_EACH)}`, `folder-${at}`)
    mkdirSync(below, { recursive: true })
    for (let offset = 0; offset < filesEach; offset += 1) {
      const { name, content } = file(at * filesEach + offset)
      writeFileSync(join(below, name), content)
    }
  }
  return folders * filesEach
}
