/** Commands of `drive-feed` in messages, as the owner can paste them into a shell. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DEFAULT_CONFIG_PATH } from './command-line.ts'
import { shellWord } from './shell-word.ts'

const INSTALLED = '/usr/local/bin/drive-feed'
/** Docker and Podman make one of these in every container. */
const CONTAINER_SIGNS = ['/.dockerenv', '/run/.containerenv'] as const

/**
 * @param words the subcommand and its operands; operands already are words of a shell
 * @param configPath named if the command would not take it by itself
 */
export function ownerCommand(words: readonly string[], configPath: string | undefined): string {
  const isNamed = configPath !== undefined && configPath !== DEFAULT_CONFIG_PATH
  return [programOf(existsSync), ...words, ...(isNamed ? [`--config=${shellWord(configPath)}`] : [])].join(' ')
}

/**
 * How the program is called where this process runs: through Compose in an image, by its name if it is installed, and
 * in a clone by its path, which holds in every folder. Not `npx drive-feed`: elsewhere it would fetch a stranger's
 * package.
 */
export function programOf(exists: (path: string) => boolean): string {
  if (!exists(INSTALLED)) return shellWord(join(import.meta.dirname, '../../scripts/drive-feed'))
  return CONTAINER_SIGNS.some(exists) ? 'docker compose exec indexer drive-feed' : 'drive-feed'
}
