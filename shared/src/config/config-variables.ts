/** The config from environment variables: `DRIVE_FEED_` and a key of the config file in capitals. */
import { CONFIG_PATH_VARIABLE } from '../command-line.ts'
import { KEY_KINDS, type KeyKind, nearestKey, WATCHES_ALLOWED } from './config-keys.ts'
import type { ConfigSource } from './config-source.ts'
import { lineOf, MISSING, type Mistake, shownValue } from './mistake.ts'

export type Variables = Readonly<Record<string, string | undefined>>

const PREFIX = 'DRIVE_FEED_'
/** `DRIVE_FEED_WATCH_PHOTOS=/mnt/photos` is the watch `photos`. */
const WATCH_PREFIX = `${PREFIX}WATCH_`
const BACKEND = `${PREFIX}WATCHER_BACKEND`
const VARIABLE_WATCHES_ALLOWED =
  'must name at least one folder to watch, as in "photos=/mnt/photos", several with commas, or as JSON'
const LIST_ALLOWED = 'must be a list with commas, or JSON, as in ["a,b", "c"]'

/** Names of the variables that are about the config and have a value, sorted. */
export function configVariables(variables: Variables): string[] {
  return Object.keys(variables)
    .filter((name) => name.startsWith(PREFIX) && name !== CONFIG_PATH_VARIABLE && variables[name] !== '')
    .sort()
}

/** A variable without a value counts as not set: compose files pass on what `.env` leaves out as an empty text. */
export function readConfigVariables(variables: Variables): ConfigSource {
  const reading: Reading = { raw: {}, watches: new Map(), mistakes: [] }
  const names = configVariables(variables)
  for (const name of names) readVariable(reading, name, variables[name] ?? '')
  const { raw, watches, mistakes } = reading
  if (watches.size > 0) raw.watches = Object.fromEntries([...watches].map(([watch, { path }]) => [watch, path]))
  const nameOf = ([key, below]: readonly PropertyKey[]): string => {
    if (key === 'watches' && below !== undefined) return shownWatch(watches.get(String(below))?.variable, String(below))
    if (key === 'watcher') return BACKEND
    return key === undefined ? '' : variableOf(String(key))
  }
  const worded = (mistake: Mistake) =>
    mistake.allowed === WATCHES_ALLOWED ? { ...mistake, allowed: VARIABLE_WATCHES_ALLOWED } : mistake
  return {
    raw,
    mistakes,
    nameOf,
    lineOf: (mistake) => lineOf(worded(mistake), (keys) => (isVariable(keys) ? String(keys[0]) : nameOf(keys))),
    placeOf: ({ keys, found }) => {
      if (found === MISSING) return names.length
      const name = isVariable(keys) ? String(keys[0]) : nameOf(keys)
      return names.findIndex((one) => name === one || name.startsWith(`${one} `))
    },
  }
}

type Reading = {
  readonly raw: Record<string, unknown>
  readonly watches: Map<string, { readonly path: unknown; readonly variable: string }>
  /** The key of one that is about a variable, and not about a value, is the name of the variable. */
  readonly mistakes: Mistake[]
}

function readVariable(reading: Reading, name: string, text: string): void {
  const { raw, mistakes } = reading
  const key = name.slice(PREFIX.length).toLowerCase()
  if (name === BACKEND) raw.watcher = { backend: text }
  else if (name.startsWith(WATCH_PREFIX) && name.length > WATCH_PREFIX.length) {
    addWatch(reading, name, name.slice(WATCH_PREFIX.length).toLowerCase(), text)
  } else if (name !== variableOf(key) || !isKey(key) || KEY_KINDS[key] === 'watcher') {
    mistakes.push(unknownVariable(name, key))
  } else if (KEY_KINDS[key] === 'watches') readWatches(reading, name, text)
  else {
    const value = readValue(text, KEY_KINDS[key])
    if (value !== undefined) raw[key] = value
    else mistakes.push({ keys: [key], found: shownValue(text), allowed: LIST_ALLOWED })
  }
}

/** Undefined for a list that is meant as JSON and is none. What can't be converted stays a text: the check tells it. */
function readValue(text: string, kind: KeyKind): unknown {
  const trimmed = text.trim()
  if (kind === 'number' && /^[+-]?(\d+\.?\d*|\.\d+)$/.test(trimmed)) return Number(trimmed)
  if (kind === 'truth' && /^(true|false)$/i.test(trimmed)) return trimmed.toLowerCase() === 'true'
  if (kind !== 'list') return text
  // Not every "[": patterns begin with one, as in [ab]*.
  if (/^\[\s*("|\]$)/.test(trimmed)) return parseJson(trimmed)
  return trimmed
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

function readWatches(reading: Reading, variable: string, text: string): void {
  const refuse = (found: unknown) => {
    reading.mistakes.push({ keys: ['watches'], found: shownValue(found), allowed: VARIABLE_WATCHES_ALLOWED })
  }
  const trimmed = text.trim()
  if (trimmed.startsWith('{')) {
    const given = parseJson(trimmed)
    if (given === undefined) refuse(text)
    for (const [watch, path] of Object.entries(given ?? {})) addWatch(reading, variable, watch, path)
    return
  }
  for (const item of trimmed.split(',').filter((one) => one.trim() !== '')) {
    const [, watch, path] = /^\s*([^=]*?)\s*=\s*(.*?)\s*$/s.exec(item) ?? []
    if (watch === undefined) refuse(item.trim())
    else addWatch(reading, variable, watch, path)
  }
}

function addWatch({ watches, mistakes }: Reading, variable: string, watch: string, path: unknown): void {
  const other = watches.get(watch)
  if (other === undefined) watches.set(watch, { path, variable })
  else {
    const found = `${JSON.stringify(watch)} is named ${other.variable === variable ? 'twice' : `in ${other.variable} too`}`
    mistakes.push({ keys: [variable], found, allowed: 'each watch needs a name of its own' })
  }
}

/** The value is not shown: what is misspelled may be the token. */
function unknownVariable(name: string, key: string): Mistake {
  const nearest = nearestKey(key)
  const known = `known are ${Object.keys(KEY_KINDS).map(variableOf).join(', ')}`
  const hint = nearest === null ? known : `did you mean ${variableOf(nearest)}?`
  return { keys: [name], found: null, allowed: `unknown variable; ${hint}` }
}

/** A variable of its own, or the common one and the watch in it. */
function shownWatch(variable = variableOf('watches'), watch: string): string {
  return variable === variableOf('watches') ? `${variable} ${JSON.stringify(watch)}` : variable
}

function variableOf(key: string): string {
  return key === 'watcher' ? BACKEND : `${PREFIX}${key.toUpperCase()}`
}

function isVariable([key]: readonly PropertyKey[]): boolean {
  return typeof key === 'string' && key.startsWith(PREFIX)
}

function isKey(key: string): key is keyof typeof KEY_KINDS {
  return Object.hasOwn(KEY_KINDS, key)
}

/** Undefined if it is no JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
