/** A folder for one test, removed when the test ends. */
import { chmodSync, existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { folderForOthers } from './for-others.ts'

const PREFIX = 'drive-feed-'

/** Its path, symbolic links resolved; one that everybody may enter where others need it. */
export function temporaryFolder(t: TestContext, whose: 'own' | 'for others' = 'own'): string {
  const path = realpathSync(whose === 'own' ? mkdtempSync(join(tmpdir(), PREFIX)) : folderForOthers(PREFIX))
  t.after(() => {
    // A test may have made it read-only.
    if (existsSync(path)) chmodSync(path, 0o755)
    rmSync(path, { recursive: true, force: true })
  })
  return path
}
