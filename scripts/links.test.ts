/**
 * Shows that everything the documents refer to is there: every relative link and its anchor, and every file or folder
 * of this project that is named in backticks or in a command. So is every path that the code builds from its own place.
 * Files are renamed often, and nobody reads everything each time.
 */
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { test } from 'node:test'

const ROOT = join(import.meta.dirname, '..')

/** Paths of earlier versions, which the documents name together with those of now. */
const FORMER_PATHS: readonly string[] = ['services/indexer/src/audit.ts', 'services/indexer/src/accept-empty.ts']

/** The content of a document, with line numbers. */
type Document = {
  /** The path from the top of the project. */
  readonly path: string
  readonly links: readonly Reference[]
  /** Words in backticks and in blocks of code. */
  readonly words: readonly (Reference & { readonly isInBlock: boolean })[]
  readonly anchors: ReadonlySet<string>
  readonly named: readonly NameInFile[]
}
/** A name in a file, as in "`store.ts` (`move`)", "`store.ts` `move`" and "`move` in `store.ts`". */
type NameInFile = { readonly file: string; readonly name: string; readonly line: number }
type Reference = { readonly text: string; readonly line: number }

/** Whether it is a package, or made by `scripts/start`. */
const isForeign = (path: string) => path === 'data' || basename(path) === 'node_modules'
const documents = globSync('**/*.md', { cwd: ROOT, exclude: isForeign }).sort().map(readDocument)
const topFolders = globSync('*/', { cwd: ROOT, exclude: isForeign }).map((folder) => basename(folder))
const entries = globSync(
  topFolders.map((folder) => `${folder}/**`),
  { cwd: ROOT, exclude: isForeign },
)
const folders = new Set(entries.flatMap((entry) => dirname(entry).split('/')))

test('every relative link of a document leads somewhere, and so does its anchor', () => {
  const broken: string[] = []
  for (const { path, links } of documents) {
    for (const { text, line } of links) {
      if (/^[a-z][a-z+.-]*:/i.test(text)) continue
      const [file = '', anchor] = text.split('#')
      const target = file === '' ? path : join(dirname(path), file)
      const document = documents.find((one) => one.path === target)
      const isThere = existsSync(join(ROOT, target)) && !target.startsWith('..')
      const hasAnchor = anchor === undefined || document?.anchors.has(anchor) === true
      if (!isThere || !hasAnchor) broken.push(`${path}:${line}: ${text}`)
    }
  }
  assert.deepEqual(broken, [])
})

test('every path of this project that a document names is there', () => {
  const missing: string[] = []
  for (const { path, words } of documents) {
    for (const { text, line, isInBlock } of words) {
      const isMissing = isProjectPath(text, isInBlock) && !expandBraces(text).every(isThere)
      if (isMissing && !FORMER_PATHS.includes(text)) missing.push(`${path}:${line}: ${text}`)
    }
  }
  assert.deepEqual(missing, [])
})

test('a name that a document places in a file is in that file', () => {
  const missing: string[] = []
  for (const { path, named } of documents) {
    for (const { file, name, line } of named) {
      const targets = entries.filter((entry) => entry === file || entry.endsWith(`/${file}`))
      if (!targets.some((target) => new RegExp(`\\b${name}\\b`).test(readFileSync(join(ROOT, target), 'utf8')))) {
        missing.push(`${path}:${line}: ${name} in ${file}`)
      }
    }
  }
  assert.ok(documents.some(({ named }) => named.length > 10))
  assert.deepEqual(missing, [])
})

test('every path that the code builds from its own place leads somewhere', () => {
  const missing: string[] = []
  for (const path of globSync(['{cli,client,scripts,services,shared,test}/**/*.ts'], {
    cwd: ROOT,
    exclude: isForeign,
  })) {
    const code = readFileSync(join(ROOT, path), 'utf8')
    for (const [, quote, named = ''] of code.matchAll(/\bimport\.meta\.dirname, (['`])([^'`]+)\1/g)) {
      const target = join(dirname(path), named.replace(/\$\{[^}]*\}/g, '*'))
      const isThere = quote === '`' ? globSync(target, { cwd: ROOT }).length > 0 : existsSync(join(ROOT, target))
      if (!isThere) missing.push(`${path}: ${named}`)
    }
  }
  assert.deepEqual(missing, [])
})

test('a former path is named by some document, and is not there', () => {
  const named = new Set(documents.flatMap(({ words }) => words.map(({ text }) => text)))
  assert.deepEqual(
    FORMER_PATHS.filter((path) => !named.has(path) || existsSync(join(ROOT, path))),
    [],
  )
})

test('anchors are made of headings as GitHub makes them', () => {
  const text = ['# `GET /api/v1/x?a=N` and _more_', '## A [link](x.md)', '## A link', '<a id="own"></a>'].join('\n')
  assert.deepEqual([...parse('a.md', text).anchors], ['get-apiv1xan-and-_more_', 'a-link', 'a-link-1', 'own'])
})

test('words that look like paths of this project are recognised', () => {
  const paths = ['scripts/test', 'shared/src/x.ts', 'metadata/worker.ts', 'worker.ts', 'test/{a,b}', 'metadata/*']
  const others = [
    'image/jpeg',
    '/api/v1/status',
    'application/problem+json',
    '@scope/client',
    'a.b',
    'data/server.yaml',
  ]
  assert.deepEqual(
    [...paths, ...others].filter((word) => isProjectPath(word, false)),
    paths,
  )
  assert.deepEqual(
    expandBraces('test/{a,b}/{c,d}.ts'),
    ['a/c', 'a/d', 'b/c', 'b/d'].map((name) => `test/${name}.ts`),
  )
})

function readDocument(path: string): Document {
  return parse(path, readFileSync(join(ROOT, path), 'utf8'))
}

function parse(path: string, text: string): Document {
  const blocks = /^[ \t]*```[^\n]*\n(.*?)^[ \t]*```[ \t]*$/gms
  // Replaced by text of the same length, so that lines keep their numbers.
  const prose = text.replace(blocks, (block) => block.replace(/[^\n]/g, ' '))
  const bare = prose.replace(/(`+)(?!`).+?\1/gs, (span) => span.replace(/[^\n]/g, ' '))
  const links = [...bare.matchAll(/\]\(([^()\s]+)\)/g)].map((match) => reference(text, match, 1))
  return {
    path,
    links,
    words: [
      ...[...prose.matchAll(/(`+)(?!`)(.+?)\1/gs)].flatMap((match) => wordsOf(text, match, 2, false)),
      ...[...text.matchAll(blocks)].flatMap((match) => wordsOf(text, match, 1, true)),
    ],
    anchors: anchorsOf(prose),
    named: [
      ...[...prose.matchAll(/`(?<file>[^`\s{}*]+\.ts)`\s\(?`(?<name>\w+)`/g)],
      ...[...prose.matchAll(/`(?<name>\w+)`\s(?:in|of)\s`(?<file>[^`\s{}*]+\.ts)`/g)],
    ].map((match) => nameInFile(text, match)),
  }
}

function nameInFile(text: string, match: RegExpExecArray): NameInFile {
  const { file = '', name = '' } = match.groups ?? {}
  return { file, name, line: reference(text, match, 0).line }
}

function anchorsOf(prose: string): Set<string> {
  const anchors = new Set<string>()
  const counts = new Map<string, number>()
  for (const [, heading, id] of prose.matchAll(/^#{1,6} +(.+?) *$|<a (?:id|name)="([^"]+)">/gm)) {
    const slug = id ?? slugOf(heading ?? '')
    const count = counts.get(slug) ?? 0
    counts.set(slug, count + 1)
    anchors.add(count === 0 ? slug : `${slug}-${count}`)
  }
  return anchors
}

function slugOf(heading: string): string {
  const shown = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
  return shown
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc} -]/gu, '')
    .replaceAll(' ', '-')
}

function wordsOf(text: string, match: RegExpExecArray, group: number, isInBlock: boolean): Document['words'] {
  const { line } = reference(text, match, group)
  return (match[group] ?? '').split('\n').flatMap((part, at) => {
    return part.split(/[\s"'`()]+/).map((word) => ({ text: word.replace(/[.,;:]+$/, ''), line: line + at, isInBlock }))
  })
}

function reference(text: string, match: RegExpExecArray, group: number): Reference {
  return {
    text: match[group] ?? '',
    line: text.slice(0, match.index + match[0].indexOf(match[group] ?? '')).split('\n').length,
  }
}

/**
 * Whether a word is a path of this project. In blocks of code only paths from the top count: examples have files of
 * their own.
 */
function isProjectPath(word: string, isInBlock: boolean): boolean {
  if (!/^[\w.*{},-]+(\/[\w.*{},-]+)*\/?$/.test(word)) return false
  const [first = '', ...others] = word.split('/')
  if (others.length > 0 && topFolders.includes(first)) return true
  if (isInBlock) return false
  // Not `data/server.yaml` of an example, though the project has a folder of that name.
  return /[\w*}]\.(ts|md|magic|yml)$/.test(word) || (others.length > 0 && folders.has(first) && !word.includes('.'))
}

/**
 * Whether the path leads somewhere from the top of the project, or from any folder in it: `metadata/worker.ts`,
 * `worker.ts`.
 */
function isThere(path: string): boolean {
  if (path.includes('*')) return globSync([path, `**/${path}`], { cwd: ROOT, exclude: isForeign }).length > 0
  const whole = path.replace(/\/$/, '')
  return existsSync(join(ROOT, whole)) || entries.some((entry) => entry.endsWith(`/${whole}`))
}

function expandBraces(path: string): string[] {
  const match = /^(.*?)\{([^{}]*)\}(.*)$/.exec(path)
  if (match === null) return [path]
  const [, before = '', choices = '', after = ''] = match
  return choices.split(',').flatMap((choice) => expandBraces(`${before}${choice}${after}`))
}
