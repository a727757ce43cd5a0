/** Where a worker's programs, libraries and databases are: what it may read besides the watched folders. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { magicPlaces } from './libmagic.ts'

/** Where Debian has programs and libraries. */
const SYSTEM = ['/usr', '/bin', '/lib', '/lib64', '/lib32']

/** What glibc, OpenSSL and V8 read when a process starts. */
const SETTINGS = ['/etc/ld.so.cache', '/etc/ld.so.preload', '/etc/ssl', '/etc/localtime', '/proc', '/sys/fs/cgroup']

/** The parts of this project that a worker needs. Not `data`, where `scripts/start` has config and database. */
const PROJECT = join(import.meta.dirname, '../../../..')
const OWN = ['node_modules', 'shared', 'services/indexer'].map((name) => join(PROJECT, name))

/** Folders of programs and libraries that may be run: the system's, and those of this very process. */
export function programPlaces(): string[] {
  const folder = dirname(process.execPath)
  const program = folder === '/' ? process.execPath : folder
  return [...new Set([...SYSTEM, program, ...mappedFolders(readFileSync('/proc/self/maps', 'utf8'))])]
}

/** What may be read. `LD_LIBRARY_PATH` may name further folders, such as Entware's /opt/lib. */
export function readPlaces(): string[] {
  const libraries = (process.env.LD_LIBRARY_PATH ?? '').split(/[:;]/).filter((folder) => folder.startsWith('/'))
  return [...SETTINGS, '/dev/urandom', ...magicPlaces(), ...libraries, ...OWN]
}

/** The folders of files that are mapped to be run, by /proc/self/maps. */
export function mappedFolders(maps: string): string[] {
  const folders = [...maps.matchAll(/^\S+ \S\Sx\S \S+ \S+ \S+ +(\/.*)\/[^/]+$/gm)].map(([, folder = '']) => folder)
  // The folder of our own native packages need only be read.
  return [...new Set(folders)].filter((folder) => !folder.startsWith(PROJECT))
}
