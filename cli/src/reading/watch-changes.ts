/** Follows changes until a signal. */
import { once } from 'node:events'
import { setImmediate as otherWork, setTimeout as sleep } from 'node:timers/promises'
import { loadConfig } from '@drive-feed/shared/config/config.ts'
import { shownPath } from '@drive-feed/shared/shown-path.ts'
import { shownText } from '@drive-feed/shared/shown-text.ts'
import type { Given } from '../command.ts'
import { EXIT_DONE } from '../exit-codes.ts'
import { followFeed } from './followed-feed.ts'
import type { SeenChange } from './recent-changes.ts'

const POLL_MS = 500

export async function watchChanges({ options }: Given): Promise<number> {
  const { databasePath } = loadConfig(String(options.config), { checkFolders: false })
  const stopping = new AbortController()
  const { signal } = stopping
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => stopping.abort())
  const followed = followFeed(databasePath, say)
  const toLine = options.json === true ? jsonLine : lineFor
  say('following changes; Ctrl-C ends')
  while (!signal.aborted) {
    const changes = followed.next()
    const time = new Date()
    const text = changes.map((change) => `${toLine(change, time)}\n`).join('')
    // A reader that is slow, as a pager is, must not fill the memory.
    const isTaken = text === '' || process.stdout.write(text)
    if (!isTaken) await once(process.stdout, 'drain', { signal }).catch(() => {})
    // Signals come only between two turns.
    await (changes.length > 0 ? otherWork() : sleep(POLL_MS, undefined, { signal }).catch(() => {}))
  }
  followed.close()
  return EXIT_DONE
}

/** The time by the local clock: `2026-03-04 12:00:00  created  /mnt/media/beach.jpg`. */
function lineFor({ change, path, isDirectory }: SeenChange, time: Date): string {
  const local = new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString()
  const shown = path === null ? '(in no watched folder)' : shownPath(isDirectory === true ? `${path}/` : path)
  return `${local.slice(0, 10)} ${local.slice(11, 19)}  ${change.padEnd(7)}  ${shown}`
}

function jsonLine({ change, path, isDirectory }: SeenChange, time: Date): string {
  return JSON.stringify({ time: time.toISOString(), change, path, is_directory: isDirectory })
}

/** On standard error, so that standard output has changes only. */
function say(line: string): void {
  process.stderr.write(`drive-feed watch: ${shownText(line)}\n`)
}
