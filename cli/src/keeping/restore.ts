/** `drive-feed restore FILE`. */
import { resolve } from 'node:path'
import { loadConfig } from '@drive-feed/shared/config/config.ts'
import { type CopyFacts, finishCopy } from '@drive-feed/shared/database-copy.ts'
import { isSameInode, statsOrNull } from '@drive-feed/shared/file-stats.ts'
import { DatabaseUnusableError } from '@drive-feed/shared/open-database.ts'
import { shownPath } from '@drive-feed/shared/shown-path.ts'
import { shownText } from '@drive-feed/shared/shown-text.ts'
import { CommandError, type Given } from '../command.ts'
import { EXIT_DONE, EXIT_NOT_WELL, EXIT_UNUSABLE } from '../exit-codes.ts'
import { refused } from '../owner/refused.ts'
import { shownBytes } from '../reading/sizes.ts'
import { ofService } from '../running/of-service.ts'
import { copyBytes, SourceError } from './copy-bytes.ts'
import { type Interruption, interruptible } from './interruption.ts'
import { beginPartial, dropPartial } from './partial-file.ts'
import { hasSqliteHeader } from './sqlite-header.ts'
import { writingTrouble } from './writing-trouble.ts'

type OfIndexer = typeof import('../../../services/indexer/src/commands/leave-copy.ts')

export async function restore({ operands, options }: Given): Promise<number> {
  const file = resolve(String(operands[0]))
  const { databasePath } = loadConfig(String(options.config), { checkFolders: false })
  const ofIndexer = await ofService('indexer', () => import('../../../services/indexer/src/commands/leave-copy.ts'))
  refuseWithoutReading(file, databasePath)
  const { facts, isPlaced } = await interruptible((interruption) => leave(file, databasePath, ofIndexer, interruption))
  const about = `${shownBytes(facts.bytes)}, head ${facts.head}, schema version ${facts.version}`
  print(`${shownPath(file)}: ${about}; checked, and it is whole`)
  if (isPlaced) {
    print('It is in the place of the database. The indexer compares it with the disk when it is started.')
    return EXIT_DONE
  }
  // First of all: in a container this command ends with the indexer.
  print('The running indexer ends within seconds, and puts it in place when it is started again.')
  return follow(databasePath, ofIndexer)
}

async function leave(
  file: string,
  databasePath: string,
  { leaveCopy, waitingCopy }: OfIndexer,
  { check, hear }: Interruption,
): Promise<{ readonly facts: CopyFacts; readonly isPlaced: boolean }> {
  const waiting = waitingCopy(databasePath)
  let partial: string | null = null
  try {
    partial = beginPartial(waiting)
    const isStill = await copyBytes(file, partial, check)
    if (!isStill) throw refusal(`${shownPath(file)} is being written; make a copy of it first, with drive-feed backup`)
    const facts = finishCopy(partial, file)
    await hear()
    return { facts, isPlaced: await refused(Promise.resolve().then(() => leaveCopy(String(partial), databasePath))) }
  } catch (error) {
    if (error instanceof SourceError) throw unreadable(file, error)
    if (error instanceof DatabaseUnusableError) throw refusal(error.message)
    throw writingTrouble(error, waiting)
  } finally {
    if (partial !== null) dropPartial(partial)
  }
}

async function follow(databasePath: string, { untilPlaced }: OfIndexer): Promise<number> {
  const by = await untilPlaced(databasePath)
  if (by === null) {
    throw new CommandError('the copy still waits: see the log of the indexer, and start it again', EXIT_NOT_WELL)
  }
  print(
    by === 'indexer'
      ? 'The indexer has put it in place, and compares it with the disk now.'
      : 'The indexer has ended and was not started again. The copy is in place: start the indexer.',
  )
  return EXIT_DONE
}

/** What can be seen before a large file is copied. */
function refuseWithoutReading(file: string, databasePath: string): void {
  const stats = statsOrNull(file)
  // Opening a FIFO would wait for ever.
  if (stats !== null && stats.kind !== 'file') throw unreadable(file, new Error('it is not a file'))
  if (isSameInode(stats, statsOrNull(databasePath))) throw refusal(`${shownPath(file)} is the database itself`)
  let isDatabase: boolean
  try {
    isDatabase = hasSqliteHeader(file)
  } catch (error) {
    throw unreadable(file, error as Error)
  }
  if (!isDatabase) throw refusal(`${shownPath(file)} is no database of drive-feed`)
}

function refusal(message: string): CommandError {
  return new CommandError(`${message}; nothing was changed`, EXIT_NOT_WELL)
}

function unreadable(file: string, { message }: Error): CommandError {
  return new CommandError(`${shownPath(file)} can't be read: ${shownText(message)}`, EXIT_UNUSABLE)
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
