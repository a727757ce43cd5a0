/** The config from a YAML file. */
import { readFileSync, statSync } from 'node:fs'
import { type Document, isMap, isScalar, isSeq, type Node, parseDocument, type YAMLError } from 'yaml'
import { ConfigError } from './config-error.ts'
import { showKeys } from './config-keys.ts'
import type { ConfigSource } from './config-source.ts'
import { lineOf, type Mistake } from './mistake.ts'

/** A key that is there twice leaves no doubt about the rest; any other mistake in the YAML does. */
const DUPLICATE = 'DUPLICATE_KEY'

/** Reading YAML takes long, and a large file is none that a person wrote. */
const BYTES_MAX = 1024 ** 2

/** Major number 1, minor number 3, whatever its path. */
const NULL_DEVICE = 0x103

/**
 * Whether there is a config file. The null device counts as none: that is what a container has in its place if its
 * owner names none.
 */
export function isConfigFileThere(path: string): boolean {
  try {
    const stats = statSync(path)
    return !(stats.isCharacterDevice() && stats.rdev === NULL_DEVICE)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOENT'
  }
}

/** @throws {ConfigError} if the file can't be read, or is no YAML */
export function readConfigFile(path: string): ConfigSource {
  const text = readText(path)
  const document = parseDocument(text, { prettyErrors: false })
  const problems = [...document.errors, ...document.warnings].sort((a, b) => a.pos[0] - b.pos[0])
  const broken = problems.find(({ code }) => code !== DUPLICATE)
  // What follows a mistake in the YAML is read differently than it is meant.
  if (broken !== undefined) throw new ConfigError(problemLine(path, text, broken))
  const twice = new Map<Mistake, YAMLError>(
    problems.map((problem) => [{ keys: [], found: null, allowed: problem.message }, problem]),
  )
  return {
    raw: toValues(path, document),
    mistakes: [...twice.keys()],
    nameOf: showKeys,
    lineOf: (mistake) => {
      const problem = twice.get(mistake)
      return problem === undefined ? `${path}: ${lineOf(mistake, showKeys)}` : problemLine(path, text, problem)
    },
    placeOf: (mistake) => twice.get(mistake)?.pos[0] ?? placeIn(document.contents as Node | null, mistake.keys),
  }
}

function readText(path: string): string {
  try {
    // First of all: opening a FIFO waits for its writer, and a device need not end.
    const stats = statSync(path)
    const why = stats.isDirectory()
      ? 'it is a folder; name the file in it'
      : !stats.isFile()
        ? 'it is no regular file'
        : stats.size > BYTES_MAX
          ? 'it is larger than 1 MiB'
          : null
    if (why !== null) throw unreadable(path, why)
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof ConfigError) throw error
    const { code, message } = error as NodeJS.ErrnoException
    throw unreadable(path, code ?? message)
  }
}

function unreadable(path: string, why: string): ConfigError {
  return new ConfigError(`${path}: this config file can't be read: ${why}`)
}

function problemLine(path: string, text: string, problem: YAMLError): string {
  const before = text.slice(0, problem.pos[0]).split('\n')
  const column = (before.at(-1) ?? '').length + 1
  return `${path}:${before.length}:${column}: not valid YAML: ${problem.message.split('\n')[0]}`
}

function toValues(path: string, document: Document): unknown {
  try {
    return document.toJS()
  } catch (error) {
    const reason = (error as Error).message.split('\n')[0]
    throw new ConfigError(`${path}: not valid YAML: ${reason}; a pattern that begins with "*" needs quotes`)
  }
}

/** The offset of the value's key, or of the item of a list. A key that is not there has its place at the end. */
function placeIn(top: Node | null, keys: readonly PropertyKey[]): number {
  let node: Node | null = top
  let place = 0
  for (const key of keys) {
    if (isSeq(node)) {
      node = (node.items[Number(key)] ?? null) as Node | null
      place = node?.range?.[0] ?? place
      continue
    }
    // Of a key that is there twice the later value counts.
    const pair = isMap(node)
      ? node.items.findLast(({ key: one }) => isScalar(one) && String(one.value) === key)
      : undefined
    if (pair === undefined) return place === 0 ? Number.POSITIVE_INFINITY : place
    place = (pair.key as Node).range?.[0] ?? place
    node = pair.value as Node | null
  }
  return place
}
