/** `drive-feed backup FILE`. */
import { chmodSync, linkSync, lstatSync, realpathSync, renameSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { loadConfig } from '@drive-feed/shared/config/config.ts'
import type { Watch } from '@drive-feed/shared/config/watches.ts'
import { type CopyFacts, copyDatabase, finishCopy } from '@drive-feed/shared/database-copy.ts'
import { syncFile, syncFolder } from '@drive-feed/shared/durable-files.ts'
import { isSameInode, statsAt, statsOrNull } from '@drive-feed/shared/file-stats.ts'
import { DatabaseUnusableError } from '@drive-feed/shared/open-database.ts'
import { createOwnFiles, type OwnPaths } from '@drive-feed/shared/own-files.ts'
import { shownPath } from '@drive-feed/shared/shown-path.ts'
import { CommandError, type Given } from '../command.ts'
import { EXIT_DONE, EXIT_NOT_WELL, EXIT_UNUSABLE } from '../exit-codes.ts'
import { shownBytes } from '../reading/sizes.ts'
import { type Interruption, interruptible } from './interruption.ts'
import { beginPartial, dropPartial } from './partial-file.ts'
import { hasSqliteHeader } from './sqlite-header.ts'
import { writingTrouble } from './writing-trouble.ts'

export async function backUp({ operands, options }: Given): Promise<number> {
  const configPath = resolve(String(options.config))
  const { databasePath, logPath, watches } = loadConfig(configPath, { checkFolders: false })
  const target = targetOf(String(operands[0]), options.force === true)
  refuseOwnFiles(target, { databasePath, logPath })
  refuseFilesOfStart(target, configPath)
  refuseWatched([target, resolve(String(operands[0]))], watches)
  refuseExisting(target, options.force === true)
  const facts = await interruptible((interruption) => make(databasePath, target, options.force === true, interruption))
  if (options.json === true) {
    const { bytes, head, version } = facts
    process.stdout.write(`${JSON.stringify({ file: target, bytes, head, schema_version: version })}\n`)
    return EXIT_DONE
  }
  const about = `${shownBytes(facts.bytes)}, head ${facts.head}, schema version ${facts.version}`
  process.stdout.write(`${shownPath(target)}: ${about}; checked, and it is whole\n`)
  return EXIT_DONE
}

async function make(
  databasePath: string,
  target: string,
  mayReplace: boolean,
  { check, hear }: Interruption,
): Promise<CopyFacts> {
  let partial: string | null = null
  try {
    partial = beginPartial(target)
    await copyDatabase(databasePath, partial, check)
    const facts = finishCopy(partial, databasePath)
    await hear()
    // Whoever may read the database may read its copy, and nobody else.
    chmodSync(partial, statSync(databasePath).mode & 0o777)
    syncFile(partial)
    publish(partial, target, mayReplace)
    syncFolder(dirname(target))
    return facts
  } catch (error) {
    if (error instanceof DatabaseUnusableError) throw error
    throw writingTrouble(error, target)
  } finally {
    if (partial !== null) dropPartial(partial)
  }
}

/** The path with the links of its folder resolved, and, with leave to replace, the file that a link leads to. */
function targetOf(file: string, mayReplace: boolean): string {
  const path = resolve(file)
  try {
    const place = join(realpathSync(dirname(path)), basename(path))
    const isLink = lstatSync(place, { throwIfNoEntry: false })?.isSymbolicLink() === true
    return isLink && mayReplace ? realpathSync(place) : place
  } catch (error) {
    throw writingTrouble(error, path)
  }
}

function refuseOwnFiles(target: string, paths: OwnPaths): void {
  const own = createOwnFiles(paths)
  const [folder, file] = [statsOrNull(dirname(target)), statsOrNull(target)]
  const isOwnName = folder !== null && own.namesIn(folder)?.(basename(target)) === true
  const isOfSqlite = /-(wal|shm|journal)$/.test(target)
  if (!isOwnName && !isOfSqlite && (file === null || !own.isOwn(file))) return
  const shown = shownPath(target)
  throw new CommandError(
    `${shown} is, or is named like, a file that the database is made of; name another one for the copy`,
    EXIT_NOT_WELL,
  )
}

/** The config, and the logs that `drive-feed start` puts beside it. */
function refuseFilesOfStart(target: string, configPath: string): void {
  const logs = ['indexer.log', 'api.log'].map((name) => join(dirname(configPath), name))
  const file = statsOrNull(target)
  if (![configPath, ...logs].some((path) => path === target || isSameInode(file, statsOrNull(path)))) return
  const which = `${shownPath(target)} is the config of drive-feed, or a log beside it`
  throw new CommandError(`${which}; name another file for the copy`, EXIT_NOT_WELL)
}

/** Only the paths are compared: looking at a watched folder whose server is gone would hold the copy up. */
function refuseWatched(targets: readonly string[], watches: readonly Watch[]): void {
  const around = watches.find(({ path }) => targets.some((target) => target.startsWith(path.replace(/\/*$/, '/'))))
  if (around === undefined) return
  const why = `${shownPath(targets[0] ?? '')} is in the watched folder ${shownPath(around.name)}`
  throw new CommandError(`${why}, and would become part of the feed; name a file outside`, EXIT_NOT_WELL)
}

function refuseExisting(target: string, mayReplace: boolean): void {
  const shown = shownPath(target)
  const file = statsAt(target)
  if (file?.kind === 'folder') throw new CommandError(`${shown} is a folder; name a file in it`, EXIT_UNUSABLE)
  if (file !== null && !mayReplace) throw alreadyThere(target)
  refuseOther(target)
  // SQLite would take what is in them for the copy's newest changes, or for what to undo in it.
  for (const beside of [`${target}-wal`, `${target}-journal`]) {
    if (statsAt(beside) === null) continue
    const why = `${shownPath(beside)} lies there and would be taken for a part of the copy`
    throw new CommandError(`${why}; remove it, or name another file`, EXIT_NOT_WELL)
  }
}

/** A wrong name must not cost its owner another file: only a former copy, or an empty file, is replaced. */
function refuseOther(target: string): void {
  const file = statsAt(target)
  if (file === null) return
  if (file.kind === 'file' && (file.size === 0 || isFormerCopy(target))) return
  const why = `${shownPath(target)} is no copy of a database, so --force does not replace it`
  throw new CommandError(`${why}; remove it, or name another file`, EXIT_NOT_WELL)
}

function isFormerCopy(target: string): boolean {
  try {
    return hasSqliteHeader(target)
  } catch (error) {
    throw writingTrouble(error, target)
  }
}

function alreadyThere(target: string): CommandError {
  return new CommandError(`${shownPath(target)} is already there; name another file, or use --force`, EXIT_NOT_WELL)
}

/** Gives the finished file its name. Without leave to replace, a file that has come there meanwhile stays. */
function publish(partial: string, target: string, mayReplace: boolean): void {
  if (mayReplace) {
    refuseOther(target)
    renameSync(partial, target)
    return
  }
  try {
    // Unlike rename(2), this fails if something is there. Its first name is removed with what else was left.
    linkSync(partial, target)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw alreadyThere(target)
    // FAT, exFAT and some network filesystems have no hard links.
    if (statsAt(target) !== null) throw alreadyThere(target)
    renameSync(partial, target)
  }
}
