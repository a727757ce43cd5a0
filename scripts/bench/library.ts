/** Libraries of files to measure with, the same every time. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const JPEG = new URL('../../test/data/corpus/i.jpg', import.meta.url)

/** 10,000 different files of about 4 KiB, every fifth a JPEG of 10 KiB, in 100 folders. Gives their number. */
export function makeSmallFiles(folder: string): number {
  const jpeg = readFileSync(JPEG)
  const text = Buffer.alloc(4096, 'All work and no play makes a dull file. ')
  return makeFiles(folder, { folders: 100, filesEach: 100 }, (index) => {
    const content = index % 5 === 0 ? jpeg : text
    return {
      name: `${index}.${index % 5 === 0 ? 'jpg' : 'txt'}`,
      content: Buffer.concat([content, Buffer.from(`${index}`)]),
    }
  })
}

/** 100,000 empty files in 1,000 folders. Gives their number. */
export function makeEmptyFiles(folder: string): number {
  const content = Buffer.alloc(0)
  return makeFiles(folder, { folders: 1000, filesEach: 100 }, (index) => ({ name: `${index}.dat`, content }))
}

function makeFiles(
  folder: string,
  { folders, filesEach }: { folders: number; filesEach: number },
  file: (index: number) => { name: string; content: Buffer },
): number {
  for (let at = 0; at < folders; at += 1) {
    const below = join(folder, `folder-${at}`)
    mkdirSync(below, { recursive: true })
    for (let offset = 0; offset < filesEach; offset += 1) {
      const { name, content } = file(at * filesEach + offset)
      writeFileSync(join(below, name), content)
    }
  }
  return folders * filesEach
}
