/** A folder for one test, removed when the test ends. */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

/** Its path, symbolic links resolved. */
export function temporaryFolder(t: TestContext): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'drive-feed-')))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}
