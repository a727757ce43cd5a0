/** Where a worker finds its programs, libraries and databases: what it may read besides the watched folders. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { magicPlaces } from './libmagic.ts'

/** Where Debian has programs and libraries. */
const SYSTEM = ['/usr', '/bin', '/lib', '/lib64', '/lib32']

/** What glibc, OpenSSL and V8 ask for when a process starts. */
const SETTINGS = ['/etc/ld.so.cache', '/etc/ld.so.preload', '/etc/ssl', '/etc/localtime', '/proc', '/sys/fs/cgroup']

/** Of this project what a worker is made of: not its `data`, where `scripts/start` has config and database. */
const PROJECT = join(import.meta.dirname, '../../../..')
const OWN = ['node_modules', 'shared', 'services/indexer'].map((name) => join(PROJECT, name))

/** Folders with what may be run: of the system, and where this very process has its program and libraries from. */
export function programPlaces(): string[] {
  const folder = dirname(process.execPath)
  const program = folder === '/' ? process.execPath : folder
  return [...new Set([...SYSTEM, program, ...mappedFolders(readFileSync('/proc/self/maps', 'utf8'))])]
}

/** What may be read. A library may also lie where the owner says, as Entware's in /opt/lib. */
export function readPlaces(): string[] {
  const libraries = (process.env.LD_LIBRARY_PATH ?? '').split(/[:;]/).filter((folder) => folder.startsWith('/'))
  return [...SETTINGS, '/dev/urandom', ...magicPlaces(), ...libraries, ...OWN]
}

/** Of the files that are mapped to be run, by /proc/self/maps. */
export function mappedFolders(maps: string): string[] {
  const folders = [...maps.matchAll(/^\S+ \S\Sx\S \S+ \S+ \S+ +(\/.*)\/[^/]+$/gm)].map(([, folder = '']) => folder)
  // The place of our own native packages is read and not run, and so is that of a file that was removed.
  return [...new Set(folders)].filter((folder) => !folder.startsWith(PROJECT))
}
