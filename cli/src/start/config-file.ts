/**
 * Writes the config for `drive-feed start` if there is none, sets another port in one that is there, and checks whether
 * an existing one watches the given folders.
 */
import { linkSync, mkdirSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { ConfigError, loadConfig } from '@drive-feed/shared/config/config.ts'
import type { Watch } from '@drive-feed/shared/config/watches.ts'
import { shownText } from '@drive-feed/shared/shown-text.ts'
import { isMap, isPair, isScalar, parseDocument } from 'yaml'
import { writingTrouble } from '../keeping/writing-trouble.ts'

/** Where the api of a new config listens. */
export const FIRST_HOST = '0.0.0.0'
export const FIRST_PORT = 8080

/**
 * Writes a config that watches `folders` (absolute paths), with every other key at its default. After a mistake, such
 * as a missing folder, no file is left. A config that another process wrote in the meantime stays.
 *
 * @throws {ConfigError | CommandError} with one line for people
 */
export function writeConfigFile(path: string, folders: readonly string[], port: number = FIRST_PORT): void {
  write(path, configText(watchesOf(folders), port), { checksFolders: true }, (draft) => {
    // Unlike renaming, this does not replace a file.
    linkSync(draft, path)
    rmSync(draft)
  })
}

/**
 * Sets `port` in a config that is there, and leaves everything else in it as it is.
 *
 * @throws {ConfigError | CommandError} with one line for people
 */
export function setPort(path: string, port: number): void {
  const text = withPort(readFileSync(path, 'utf8'), port)
  write(path, text, { checksFolders: false }, (draft) => renameSync(draft, realpathSync(path)))
}

/** The text of a config with another port: only the number is exchanged, or a line added. */
export function withPort(text: string, port: number): string {
  const document = parseDocument(text)
  const pairs = isMap(document.contents) ? document.contents.items : []
  const pair = pairs.find((item) => isPair(item) && isScalar(item.key) && item.key.value === 'port')
  const range = isScalar(pair?.value) ? pair.value.range : null
  if (range != null) return `${text.slice(0, range[0])}${port}${text.slice(range[1])}`
  document.set('port', port)
  return document.toString({ lineWidth: 0 })
}

function write(
  path: string,
  text: string,
  { checksFolders }: { readonly checksFolders: boolean },
  put: (draft: string) => void,
): void {
  const draft = `${path}.${process.pid}.draft`
  try {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(draft, text)
    loadConfig(draft, { checkFolders: checksFolders ? { isKnown: () => false } : false })
    put(draft)
  } catch (error) {
    dropDraft(draft)
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return
    if (!(error instanceof ConfigError)) throw writingTrouble(error, path)
    throw new ConfigError(error.mistakes.map((line) => inWordsOfArguments(line.replace(`${shownText(draft)}: `, ''))))
  }
}

function dropDraft(draft: string): void {
  try {
    rmSync(draft, { force: true })
  } catch {
    // Where nothing can be written there is none. What went wrong first is told.
  }
}

function inWordsOfArguments(message: string): string {
  return message.startsWith('database_url') ? `${message}; --data=FOLDER puts it elsewhere` : message
}

/** Names the watches after their folders, with a number if two have the same name. */
export function watchesOf(folders: readonly string[]): Watch[] {
  const taken = new Set<string>()
  return folders.map((path) => {
    const own = basename(path) || 'root'
    let name = own
    for (let number = 2; taken.has(name); number += 1) name = `${own}-${number}`
    taken.add(name)
    return { name, path }
  })
}

/** Those of `folders` that no watch covers. */
export function unwatchedOf(folders: readonly string[], watches: readonly Watch[]): string[] {
  const watched = new Set(watches.map(({ path }) => resolved(path)))
  return folders.filter((folder) => !watched.has(resolved(folder)))
}

/** The lines below `watches:`. */
export function watchLines(watches: readonly Watch[]): string[] {
  return watches.map(({ name, path }) => `  ${quoted(name)}: ${quoted(path)}`)
}

function configText(watches: readonly Watch[], port: number): string {
  return `# What drive-feed watches, and where it serves it. The README has every key. Restart it after a change.
host: ${FIRST_HOST}
port: ${port}
database_url: feed.db
watches:
${watchLines(watches).join('\n')}
`
}

/** YAML takes JSON's strings; plain words and paths are nicer to read. */
function quoted(text: string): string {
  const isPlain = /^(\/[\w./-]*|[a-z][\w-]*)$/i.test(text) && !/^(true|false|null|yes|no|on|off|[yn])$/i.test(text)
  return isPlain ? text : shownText(JSON.stringify(text))
}

function resolved(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}
