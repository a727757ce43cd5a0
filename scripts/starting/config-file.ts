/**
 * Writes the config for `scripts/start` if there is none, and checks whether an existing one watches the given folders.
 */
import { mkdirSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { ConfigError, loadConfig } from '@drive-feed/shared/config/config.ts'
import type { Watch } from '@drive-feed/shared/config/watches.ts'
import { shownText } from '@drive-feed/shared/shown-text.ts'

/**
 * Writes a config that watches `folders` (absolute paths), with every other key at its default. After a mistake, such
 * as a missing folder, no file is left.
 *
 * @throws {ConfigError} with one line for people
 */
export function writeConfigFile(path: string, folders: readonly string[]): void {
  const draft = `${path}.draft`
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(draft, configText(watchesOf(folders)))
  try {
    loadConfig(draft, { checkFolders: { isKnown: () => false } })
    renameSync(draft, path)
  } catch (error) {
    rmSync(draft)
    if (!(error instanceof ConfigError)) throw error
    throw new ConfigError(error.mistakes.map((line) => inWordsOfArguments(line.replace(`${shownText(draft)}: `, ''))))
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

function configText(watches: readonly Watch[]): string {
  return `# What drive-feed watches, and where it serves it. The README has every key. Restart it after a change.
host: 0.0.0.0
port: 8080
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
