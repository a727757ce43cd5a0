/** `scripts/mirror-example`: a list of all files and their MD5s that is kept up to date, as an example of a client. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { shownPath } from '@drive-feed/shared/shown-path.ts'
import { createFeed, type FeedNode, FeedRequestError, type FollowState, type Tree } from '../client/src/drive-feed.ts'

const WAIT_SECONDS = 50
const EXIT_FAILURE = 1
const EXIT_USAGE = 2

const HELP = `Writes a list of all files with their MD5s, and keeps it up to date until Ctrl-C.

Usage: scripts/mirror-example [--once] URL FILE

  URL     where drive-feed answers, as http://nas:8080
  FILE    the list, in the format of md5sum: on the machine of the files, "md5sum -c FILE" checks them
  --once  end when the list is up to date

Where the list was left off is kept in FILE.state. If the api wants a token, set FEED_TOKEN.
`

process.exitCode = await main()

async function main(): Promise<number> {
  const { url, file, isOnce } = readArguments()
  const stopping = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort())
  try {
    await mirror(url, file, { isOnce, signal: stopping.signal })
  } catch (error) {
    if (stopping.signal.aborted) return 0
    const isForPeople = error instanceof FeedRequestError || (error as NodeJS.ErrnoException).syscall !== undefined
    if (!isForPeople) throw error
    console.error((error as Error).message)
    return EXIT_FAILURE
  }
  return 0
}

/** Follows the feed and writes the list. With `settled` a file comes only once its hash is known. */
async function mirror(url: string, file: string, how: { isOnce: boolean; signal: AbortSignal }): Promise<void> {
  const token = process.env.FEED_TOKEN
  const feed = createFeed({
    url,
    ...(token === undefined ? {} : { token }),
    retry: { onRetry: ({ error, delayMs }) => console.error(`${reasonOf(error)}; again in ${delayMs / 1_000} s`) },
  })
  const updates = feed.follow({
    ...{ type: 'file', settled: true, include: 'path' },
    ...(how.isOnce ? {} : { wait: WAIT_SECONDS }),
    from: readState(`${file}.state`),
    signal: how.signal,
  })
  for await (const { nodes, cursor, epoch, changes, isCaughtUp, isStartingOver } of updates) {
    for (const { before, after } of changes) console.log(after === null ? `- ${shown(before)}` : `+ ${shown(after)}`)
    if (isStartingOver && isCaughtUp) console.error('the server has another database; everything was compared again')
    if (!isCaughtUp) continue
    // The list comes first: a change that is not in the state yet comes again, but one that is missing in the list
    // would stay missing.
    replaceFile(file, listOf(nodes))
    replaceFile(`${file}.state`, JSON.stringify({ cursor, epoch, nodes: [...nodes.values()] }))
  }
}

function shown({ path }: FeedNode): string {
  return shownPath(path ?? '')
}

/** One line a file, sorted by path. Files that can't be read have no hash and so no line. */
function listOf(nodes: Tree): string {
  const lines: { path: string; line: string }[] = []
  for (const { hash, path } of nodes.values()) {
    if (hash !== '' && typeof path === 'string') lines.push({ path, line: lineOf(hash, path) })
  }
  lines.sort((a, b) => (a.path < b.path ? -1 : 1))
  return lines.map(({ line }) => `${line}\n`).join('')
}

/** As md5sum(1): a line that begins with a backslash has a name with escapes. */
function lineOf(hash: string, path: string): string {
  const escaped = path.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r')
  return `${escaped === path ? '' : '\\'}${hash}  ${escaped}`
}

function readState(file: string): FollowState {
  try {
    const { cursor, epoch, nodes } = JSON.parse(readFileSync(file, 'utf8'))
    return { cursor, epoch, nodes: new Map(nodes.map((node: FeedNode) => [node.id, node])) }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { cursor: 0, epoch: null, nodes: new Map() }
    throw error
  }
}

/** Replaces a file in one step: a reader gets the whole old file or the whole new one. */
function replaceFile(file: string, text: string): void {
  writeFileSync(`${file}.new`, text)
  renameSync(`${file}.new`, file)
}

/** The message with its cause: "fetch failed" alone says nothing. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error
  return cause instanceof Error ? `${message}: ${cause.message}` : message
}

function readArguments(): { url: string; file: string; isOnce: boolean } {
  try {
    const options = { help: { type: 'boolean', short: 'h' }, once: { type: 'boolean' } } as const
    const { values, positionals } = parseArgs({ options, allowPositionals: true })
    if (values.help) {
      process.stdout.write(HELP)
      process.exit(0)
    }
    const [url = '', file = '', ...others] = positionals
    if (file === '' || others.length > 0) throw new Error('an URL and a FILE are needed; see --help')
    if (!/^https?:/.test(url) || !URL.canParse(url)) throw new Error(`${url} is no URL, such as http://nas:8080`)
    return { url, file, isOnce: values.once === true }
  } catch (error) {
    console.error((error as Error).message)
    process.exit(EXIT_USAGE)
  }
}
