/** Makes folders nested deeper than a path may be long. */
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'

/**
 * Makes `depth` folders of one name in `top`, each in the one before, and a file "file" in the last. The innermost is
 * made first, so that no path gets too long. Gives the path of the last folder.
 */
export function makeDeepFolder(top: string, name: string, depth: number): string {
  const making = `${top}.making`
  mkdirSync(`${making}/${depth}`, { recursive: true })
  writeFileSync(`${making}/${depth}/file`, 'found')
  for (let level = depth - 1; level > 0; level -= 1) {
    mkdirSync(`${making}/${level}`)
    renameSync(`${making}/${level + 1}`, `${making}/${level}/${name}`)
  }
  renameSync(`${making}/1`, `${top}/${name}`)
  rmSync(making, { recursive: true })
  return top + `/${name}`.repeat(depth)
}
