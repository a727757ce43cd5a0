/** A sample folder, for users who start drive-feed without a folder. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { writingTrouble } from '../keeping/writing-trouble.ts'

const WELCOME = 'Change, move, add or delete files in this folder, and look at /api/v1/changes.\n'

/** A PNG of one red pixel. */
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR42mP4z8AAAAMBAQD3A0FDAAAAAElFTkSuQmCC'

/** Makes the folder with a few files. @throws {CommandError} with one line for people */
export function makeSampleFolder(path: string): void {
  try {
    mkdirSync(join(path, 'pictures'), { recursive: true })
    writeFileSync(join(path, 'welcome.txt'), WELCOME)
    writeFileSync(join(path, 'pictures', 'pixel.png'), Buffer.from(PIXEL, 'base64'))
  } catch (error) {
    throw writingTrouble(error, path)
  }
}
