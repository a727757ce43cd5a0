/** Makes more events than the kernel queues for one instance (16,384, or fs.inotify.max_queued_events). */
import { readFileSync } from 'node:fs'
import { disk } from './disk.ts'
import type { World } from './world.ts'

const EVENTS_PER_FILE = 7

/** Files in the root's own folder: a new folder would not be watched yet, and so give no events. */
function floodOf({ watched }: World): string {
  return `${watched[0]}/flood-`
}

/** Removes the files: otherwise every later round would only remove files. */
export function drain({ watched }: World): void {
  const folder = watched[0] ?? ''
  for (const { name } of disk.list(folder)) if (name.startsWith('flood-')) disk.remove(`${folder}/${name}`)
}

/** Gives a line about what it did. Half of the files remain. */
export function flood(world: World): string {
  const prefix = floodOf(world)
  const events = Number(readFileSync('/proc/sys/fs/inotify/max_queued_events', 'utf8'))
  const count = Math.ceil((events * 1.2) / EVENTS_PER_FILE)
  const files = Array.from({ length: count }, (_, file) => `${prefix}${file}`)
  // File by file in turns, because the kernel merges an event with an equal one before it.
  for (const file of files) disk.write(file, Buffer.from(file))
  for (const file of files) disk.chmod(file, 0o600)
  for (const file of files) disk.rename(file, `${file}.txt`)
  for (const file of files) disk.touch(`${file}.txt`, 1, 1_000_000_000)
  for (const [at, file] of files.entries()) if (at % 2 === 0) disk.unlink(`${file}.txt`)
  return `write, chmod, rename and touch ${count} files ${prefix}N and remove half of them`
}
