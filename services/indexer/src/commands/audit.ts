/** `npm run audit -- --config=PATH`: every difference between the disk and the database, in one line each. */
import { parseCommandLine } from '@drive-feed/shared/command-line.ts'
import { ConfigError, loadConfig } from '@drive-feed/shared/config/config.ts'
import { DatabaseUnusableError, openReader } from '@drive-feed/shared/open-database.ts'
import { createOwnFiles } from '@drive-feed/shared/own-files.ts'
import { type AuditReport, audit } from '../audit/audit.ts'

/** As diff(1) has them. */
const EXIT_DIFFERENT = 1
const EXIT_TROUBLE = 2

const { configPath, flags } = parseCommandLine({
  program: 'drive-feed audit',
  summary:
    'Compares the watched folders with the database and prints every difference. Changes nothing. Ends with 1 if there\n' +
    'is a difference. Files and folders of a disk that is away are listed as away, and are no difference.',
  argv: process.argv.slice(2),
  flags: { hashes: 'read every file and compare its MD5 too' },
})

try {
  const { watches, exclude, databasePath, logPath } = loadConfig(configPath, { checkFolders: false })
  const db = openReader(databasePath)
  const report = await audit(db, {
    // Made now, since opening the reader may have made `-shm`.
    own: createOwnFiles({ databasePath, logPath }),
    watches: watches.map(({ name }) => name),
    excludes: exclude,
    readsFiles: flags.has('hashes'),
  })
  print(report)
  // Not process.exit: if a pipe's reader is slow, the rest of the output would be lost.
  process.exitCode = report.lines.length === 0 ? 0 : EXIT_DIFFERENT
} catch (error) {
  if (!(error instanceof ConfigError) && !(error instanceof DatabaseUnusableError)) throw error
  const program = 'drive-feed audit'
  process.stderr.write(error instanceof ConfigError ? error.linesOf(program) : `${program}: ${error.message}\n`)
  process.exit(EXIT_TROUBLE)
}

function print({ lines, awayLines, awayNodes, files, folders, waiting, changing }: AuditReport): void {
  for (const line of [...lines, ...awayLines].sort()) process.stdout.write(`${line}\n`)
  const what =
    lines.length === 0 ? 'no difference' : lines.length === 1 ? '1 difference' : `${lines.length} differences`
  const parts = [`${what}; ${files} files and ${folders} folders are equal`]
  if (waiting > 0) parts.push(`${waiting} of them wait for their hash`)
  if (awayNodes > 0) parts.push(`${awayNodes} nodes are away and not compared`)
  if (changing > 0) parts.push(`${changing} places kept changing`)
  process.stderr.write(`${parts.join('; ')}\n`)
}
