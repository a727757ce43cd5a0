/** Words about a folder or file of the database that this user may not write: whose it is, and what to do. */
import { accessSync, constants, statSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { howToMakeWritable, type Remedy, type User } from './make-writable.ts'
import { shownPath } from './shown-path.ts'

/** What to do about a folder that holds other things too. */
export const OWN_FOLDER = 'put the database into a folder of its own (database_url)'

/**
 * Which of the database, its `-wal` and `-shm`, its lock and its folder can't be written, in words; null if all can.
 *
 * @param databasePath it need not be there
 */
export function whyNotWritable(databasePath: string): string | null {
  const places = [dirname(databasePath), ...['', '-wal', '-shm', '.lock'].map((end) => databasePath + end)]
  const place = places.find((one) => !isWritable(one))
  const owner = place === undefined ? null : ownerOf(place)
  if (place === undefined || owner === null) return null
  const me = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 }
  return describeOwner(place, owner, me, howToMakeWritable(dirname(databasePath), basename(databasePath), me))
}

/** `me`: the user and group of this process. */
export function describeOwner(place: string, owner: User, me: User, remedy: Remedy): string {
  const what = `${shownPath(place)} can't be written by this user (${me.uid}:${me.gid})`
  if (owner.uid === me.uid) return `${what}, though it is theirs; check its permissions and mount`
  return `${what}, it belongs to ${owner.uid}:${owner.gid}. Run as its owner (with Docker: --user \
${owner.uid}:${owner.gid}, or PUID=${owner.uid} and PGID=${owner.gid} in .env), or ${giveOrMove(remedy)}`
}

function giveOrMove(remedy: Remedy): string {
  if (remedy.kind === 'own folder') return OWN_FOLDER
  return `give it to this user: ${remedy.command} (with Docker: the folder that is mounted there, on the host)`
}

/** Also true if it is not there: then its folder counts. */
function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch (error) {
    return !['EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')
  }
}

function ownerOf(path: string): User | null {
  try {
    return statSync(path)
  } catch {
    return null
  }
}
