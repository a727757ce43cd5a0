/** Folders for tests, removed when the test or the process ends, however it ends. */
import { chmodSync, existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Cleaner } from './cleaner.ts'
import { folderForOthers } from './for-others.ts'

const PREFIX = 'drive-feed-'

const folders = new Set<string>()
process.on('exit', () => {
  for (const folder of folders) remove(folder)
})

/** @param whose everybody may enter a folder `for others` @returns its path, without symbolic links */
export function temporaryFolder(t: Cleaner, whose: 'own' | 'for others' = 'own'): string {
  const folder = realpathSync(whose === 'own' ? mkdtempSync(join(tmpdir(), PREFIX)) : folderForOthers(PREFIX))
  folders.add(folder)
  t.after(() => {
    remove(folder)
    folders.delete(folder)
  })
  return folder
}

/** Runs `run`, such as one random history of many, with a folder of its own. */
export async function inTemporaryFolder<T>(run: (folder: string) => Promise<T>): Promise<T> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), PREFIX)))
  folders.add(folder)
  try {
    return await run(folder)
  } finally {
    remove(folder)
    folders.delete(folder)
  }
}

function remove(folder: string): void {
  // A test may have made the folder read-only.
  if (existsSync(folder)) chmodSync(folder, 0o755)
  // Processes that were just killed may write until they are gone.
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
}
