import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { folderForOthers } from '../../../../shared/test-support/for-others.ts'

const PREFIX = 'drive-feed-api-'

/** A folder of the test's own, gone when the test is over; one that everybody may enter where others need it. */
export function tempFolder(t: TestContext, whose: 'own' | 'for others' = 'own'): string {
  const folder = whose === 'own' ? mkdtempSync(join(tmpdir(), PREFIX)) : folderForOthers(PREFIX)
  t.after(() => {
    // A test may have made it read-only.
    chmodSync(folder, 0o755)
    rmSync(folder, { recursive: true, force: true })
  })
  return folder
}
