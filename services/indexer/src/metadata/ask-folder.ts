/** Entry of a process that opens a folder for a thread that must not wait for it, see `folder-reply.ts`. */
import { openFolder } from '../posix/open-file.ts'
import { dieWithParent } from './die-with-parent.ts'
import { EXIT_CODES } from './folder-reply.ts'

dieWithParent()
try {
  openFolder(JSON.parse(process.argv[2] ?? '') as string)
  process.exitCode = EXIT_CODES.there
} catch (error) {
  const { code } = error as NodeJS.ErrnoException
  process.exitCode = code === 'ENOENT' || code === 'ENOTDIR' ? EXIT_CODES['not there'] : EXIT_CODES.refused
}
