/**
 * Holds the shape of the code: who may import whom (the table in ARCHITECTURE.md), how long a function may be, and how
 * much it gets.
 */
import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { after, test } from 'node:test'
import {
  isCallExpression,
  isExportAssignment,
  isExportDeclaration,
  isFunctionLikeDeclaration,
  isImportDeclaration,
  isInterfaceDeclaration,
  isParameterDeclaration,
  isStringLiteral,
  isTypeAliasDeclaration,
  type Node,
  type SourceFile,
  SyntaxKind,
} from 'typescript/unstable/ast'
import { API, type Checker, type Type } from 'typescript/unstable/sync'

const ROOT = join(import.meta.dirname, '..')
const FUNCTION_LINES_MAX = 60
const FACTORY_LINES_MAX = 120
const TOOLS_MAX = 10

type Zone = {
  readonly name: string
  /** Matches the paths of the zone's files, from the top of the project. */
  readonly holds: RegExp
  /** Names of zones, or single files. */
  readonly mayImport: readonly string[]
  readonly mayImportTypesOf?: readonly string[]
}

/** The first match counts. Files directly in `services/indexer/src` (`main.ts`, entries of threads) wire the stages. */
const ZONES: readonly Zone[] = [
  { name: 'client', holds: /^client\/src\//, mayImport: [] },
  { name: 'shared', holds: /^shared\/src\//, mayImport: [] },
  {
    name: 'cli',
    holds: /^cli\/src\//,
    mayImport: ['shared', 'client', 'commands', 'services/indexer/src/main.ts', 'services/api/src/main.ts'],
  },
  { name: 'posix', holds: /^services\/indexer\/src\/posix\//, mayImport: ['shared'] },
  { name: 'model', holds: /^services\/indexer\/src\/model\//, mayImport: ['shared'], mayImportTypesOf: ['posix'] },
  { name: 'watch', holds: /^services\/indexer\/src\/watch\//, mayImport: ['shared', 'posix'] },
  { name: 'scan', holds: /^services\/indexer\/src\/scan\//, mayImport: ['shared', 'posix', 'model'] },
  {
    name: 'reconcile',
    holds: /^services\/indexer\/src\/reconcile\//,
    mayImport: ['shared', 'model'],
    mayImportTypesOf: ['posix', 'watch', 'scan', 'store'],
  },
  { name: 'sandbox', holds: /^services\/indexer\/src\/sandbox\//, mayImport: ['shared', 'posix'] },
  { name: 'metadata', holds: /^services\/indexer\/src\/metadata\//, mayImport: ['shared', 'posix', 'sandbox'] },
  { name: 'store', holds: /^services\/indexer\/src\/store\//, mayImport: ['shared', 'model'] },
  { name: 'audit', holds: /^services\/indexer\/src\/audit\//, mayImport: ['shared'] },
  {
    name: 'process',
    holds: /^services\/indexer\/src\/process\//,
    mayImport: ['shared', 'posix', 'sandbox'],
    mayImportTypesOf: ['store'],
  },
  {
    name: 'commands',
    holds: /^services\/indexer\/src\/commands\//,
    // The doctor asks the machine, and two libraries in a process of its own.
    mayImport: [
      ...['shared', 'posix', 'model', 'scan', 'sandbox', 'store', 'audit'],
      ...['libmagic', 'libmediainfo', 'load-library'].map((name) => `services/indexer/src/metadata/${name}.ts`),
    ],
  },
  {
    name: 'indexer',
    holds: /^services\/indexer\/src\/[^/]+$/,
    mayImport: [
      ...['shared', 'posix', 'model', 'watch', 'scan', 'reconcile', 'sandbox', 'metadata', 'store', 'process'],
      'audit',
    ],
  },
  { name: 'api', holds: /^services\/api\/src\//, mayImport: ['shared'] },
]

/** A folder whose own folders are rooms on floors: a file imports, types too, only from its room or a lower floor. */
type House = {
  readonly folder: string
  /** The lowest room comes first. `.` is the files directly in the folder. */
  readonly rooms: readonly string[]
}

const HOUSES: readonly House[] = [
  {
    folder: 'services/indexer/src/reconcile/',
    rooms: ['deciding', 'pending', 'devices', 'roots', 'looking', 'settling', 'removal', '.'],
  },
  { folder: 'services/api/src/', rooms: ['feed', 'wire', 'http', 'waiting', 'routes', '.'] },
]

/** Tests and their support may import from all stages of a service, and scripts may run everything. */
const FREE = /\.test\.ts$|(^|\/)test(-support)?\/|^scripts\//

type Import = { readonly specifier: string; readonly isTypeOnly: boolean; readonly line: number }

const compiler = new API({ cwd: ROOT })
after(() => compiler.close())
const { sources, checker } = readProgram()

test('a file imports only what its place in the design allows', () => {
  const violations: string[] = []
  for (const [file, source] of sources) {
    const zone = zoneOf(file)
    if (zone === null || FREE.test(file)) continue
    for (const { specifier, isTypeOnly, line } of importsOf(source)) {
      const target = resolveSpecifier(file, specifier)
      if (target === null || isAllowed(zone, target, isTypeOnly)) continue
      violations.push(`${file}:${line}: ${zone.name} must not import ${isTypeOnly ? 'types' : 'values'} of ${target}`)
    }
  }
  assertNone(violations)
})

test('neither service imports the other, not even in tests', () => {
  const violations: string[] = []
  for (const [file, source] of sources) {
    const service = serviceOf(file)
    for (const { specifier, line } of importsOf(source)) {
      const other = serviceOf(resolveSpecifier(file, specifier) ?? '')
      if (service !== null && other !== null && service !== other) violations.push(`${file}:${line}: ${specifier}`)
    }
  }
  assertNone(violations)
})

test('the client needs neither a package nor Node: it runs in a browser too', () => {
  const violations: string[] = []
  for (const [file, source] of sources) {
    if (zoneOf(file)?.name !== 'client' || FREE.test(file)) continue
    for (const { specifier, line } of importsOf(source)) {
      if (!specifier.startsWith('.')) violations.push(`${file}:${line}: ${specifier}`)
    }
  }
  assertNone(violations)
})

test('every source file has a place in the design', () => {
  assertNone([...sources.keys()].filter((file) => file.includes('/src/') && zoneOf(file) === null))
})

test('a room imports nothing from a room above it', () => {
  const violations: string[] = []
  for (const { folder, rooms } of HOUSES) {
    const floorOf = (file: string) => rooms.indexOf(/^([^/]+)\//.exec(file.slice(folder.length))?.[1] ?? '.')
    for (const [file, target, line] of arrows()) {
      if (!file.startsWith(folder) || !target.startsWith(folder) || floorOf(target) <= floorOf(file)) continue
      violations.push(`${file}:${line}: ${rooms[floorOf(file)]} must not import ${target}`)
    }
  }
  assertNone(violations)
})

test('no file imports itself by way of others, not even types', () => {
  const targets = Map.groupBy(arrows(), ([file]) => file)
  const done = new Set<string>()
  const circles: string[] = []
  const follow = (file: string, way: readonly string[]): void => {
    const at = way.indexOf(file)
    if (at !== -1) circles.push([...way.slice(at), file].join(' → '))
    if (at !== -1 || done.has(file)) return
    for (const [, target] of targets.get(file) ?? []) follow(target, [...way, file])
    done.add(file)
  }
  for (const file of targets.keys()) follow(file, [])
  assertNone(circles)
})

// A factory with functions in it is like a class with methods: each function counts for itself.
test(`no function is longer than ${FUNCTION_LINES_MAX} lines, not counting the functions in it`, () => {
  const violations: string[] = []
  for (const [file, source] of sources) {
    const lineAt = lineCounter(source.text)
    visit(source, (node) => {
      if (!isFunctionLikeDeclaration(node) || isGroupOfTests(node)) return
      const linesOf = (part: Node) => lineAt(part.end) - lineAt(part.getStart(source)) + 1
      const own = outermostFunctions(node).reduce((lines, inner) => lines - (linesOf(inner) - 1), linesOf(node))
      if (own > FUNCTION_LINES_MAX) violations.push(`${file}:${lineAt(node.getStart(source))}: ${own} lines`)
    })
  }
  assertNone(violations)
})

// The limit above leaves inner functions out, so a factory could hold any number of them.
test(`no factory is longer than ${FACTORY_LINES_MAX} lines, with the functions in it`, () => {
  const violations: string[] = []
  for (const [file, source] of sources) {
    if (FREE.test(file)) continue
    const lineAt = lineCounter(source.text)
    for (const node of outermostFunctions(source)) {
      const lines = lineAt(node.end) - lineAt(node.getStart(source)) + 1
      if (lines > FACTORY_LINES_MAX) violations.push(`${file}:${lineAt(node.getStart(source))}: ${lines} lines`)
    }
  }
  assertNone(violations)
})

// A function that gets everything does not show what it needs. Members that belong together are one object with a name.
test(`no bag of tools has more than ${TOOLS_MAX} members, with those of the types it is made of`, () => {
  const violations: string[] = []
  let bags = 0
  for (const [file, source] of sources) {
    const lineAt = lineCounter(source.text)
    visit(source, (node) => {
      const bag = bagOf(node)
      if (bag === null) return
      const { length } = checker.getPropertiesOfType(bag.type)
      if (length > TOOLS_MAX) violations.push(`${file}:${lineAt(node.getStart(source))}: ${bag.name} has ${length}`)
      bags += 1
    })
  }
  assert.ok(bags > 50, `${bags} bags`)
  assertNone(violations)
})

test('exports have names', () => {
  const violations: string[] = []
  for (const [file, source] of sources) {
    visit(source, (node) => {
      if (isExportAssignment(node) || node.kind === SyntaxKind.DefaultKeyword) {
        if (!isClauseOfSwitch(node)) violations.push(file)
      }
    })
  }
  assertNone(violations)
})

// Node's numbers are signed and the kernel's are not, and two ways of rounding a time differ: see `file-stats.ts`.
test('stats are read in one place', () => {
  const readers = ['shared/src/file-stats.ts', 'services/indexer/src/posix/statx.ts']
  const violations = [...sources].filter(([file, { text }]) => {
    return !FREE.test(file) && !readers.includes(file) && /bigint: true|\bstatx\(/.test(text)
  })
  assertNone(violations.map(([file]) => file))
})

test('files are named after their content', () => {
  const vague = /^(utils?|utilities|helpers?|misc|common)\b/
  assertNone([...sources.keys()].filter((file) => file.split('/').some((part) => vague.test(part))))
})

/** Which file of the program imports which, and in which line. */
function arrows(): [file: string, target: string, line: number][] {
  return [...sources].flatMap(([file, source]) => {
    if (FREE.test(file)) return []
    return importsOf(source).flatMap(({ specifier, line }): [string, string, number][] => {
      const target = resolveSpecifier(file, specifier)
      return target === null || !sources.has(target) ? [] : [[file, target, line]]
    })
  })
}

/** The type, if it is named after tools or is that of a parameter `tools`. */
function bagOf(node: Node): { readonly name: string; readonly type: Type } | null {
  const isType = isTypeAliasDeclaration(node) || isInterfaceDeclaration(node)
  if (!isType && !(isParameterDeclaration(node) && node.type !== undefined)) return null
  const name = node.name.getText()
  if (!(isType ? /Tools$/ : /tools$/i).test(name)) return null
  const type = checker.getTypeAtLocation(isType ? node : (node.type ?? node))
  return type === undefined ? null : { name, type }
}

function outermostFunctions(node: Node): Node[] {
  const found: Node[] = []
  const look = (child: Node) => {
    if (isFunctionLikeDeclaration(child)) found.push(child)
    else child.forEachChild(look)
  }
  node.forEachChild(look)
  return found
}

function assertNone(violations: readonly string[]): void {
  assert.ok(violations.length === 0, `\n${violations.join('\n')}`)
}

function readProgram(): { readonly sources: ReadonlyMap<string, SourceFile>; readonly checker: Checker } {
  const project = compiler.updateSnapshot({ openProjects: [join(ROOT, 'tsconfig.json')] }).getProjects()[0]
  assert.ok(project !== undefined)
  const files = globSync('{shared,cli,services,client,scripts,test}/**/*.ts', {
    cwd: ROOT,
    exclude: (path) => basename(path) === 'node_modules',
  })
  const found = files.flatMap((file) => {
    const source = project.program.getSourceFile(join(ROOT, file))
    return source === undefined ? [] : ([[file, source]] as const)
  })
  assert.equal(found.length, files.length, 'tsconfig.json includes every file')
  return { sources: new Map(found), checker: project.checker }
}

function zoneOf(file: string): Zone | null {
  return ZONES.find(({ holds }) => holds.test(file)) ?? null
}

function serviceOf(file: string): string | null {
  return /^services\/([^/]+)\//.exec(file)?.[1] ?? null
}

/** The file's path from the top of the project, null for packages and Node's own modules. */
function resolveSpecifier(file: string, specifier: string): string | null {
  const shared = /^@drive-feed\/shared\/(.*)/.exec(specifier)
  if (shared !== null) return `shared/src/${shared[1]}`
  if (specifier === '@drive-feed/client') return 'client/src/drive-feed.ts'
  const service = /^@drive-feed\/(.*)/.exec(specifier)
  if (service !== null) return `services/${service[1]}/`
  return specifier.startsWith('.') ? relative(ROOT, join(ROOT, dirname(file), specifier)) : null
}

function isAllowed(zone: Zone, target: string, isTypeOnly: boolean): boolean {
  // Nobody may import tests, scripts, or files outside the source folders.
  const targetZone = zoneOf(target)
  if (targetZone === null || FREE.test(target)) return false
  if (targetZone === zone || zone.mayImport.includes(targetZone.name) || zone.mayImport.includes(target)) return true
  return isTypeOnly && (zone.mayImportTypesOf ?? []).includes(targetZone.name)
}

/** Everything that loads another module: imports, re-exports and `import()`. */
function importsOf(source: SourceFile): Import[] {
  const lineAt = lineCounter(source.text)
  const imports: Import[] = []
  visit(source, (node) => {
    const specifier = specifierOf(node)
    if (specifier === undefined || !isStringLiteral(specifier)) return
    imports.push({ specifier: specifier.text, isTypeOnly: isTypeOnly(node), line: lineAt(node.getStart(source)) })
  })
  return imports
}

function specifierOf(node: Node): Node | undefined {
  if (isImportDeclaration(node) || isExportDeclaration(node)) return node.moduleSpecifier
  const isDynamic = isCallExpression(node) && node.expression.kind === SyntaxKind.ImportKeyword
  return isDynamic ? node.arguments[0] : undefined
}

/** Not `import { type T }`, which still loads the module. */
function isTypeOnly(node: Node): boolean {
  if (isImportDeclaration(node)) return node.importClause?.phaseModifier === SyntaxKind.TypeKeyword
  return isExportDeclaration(node) && node.isTypeOnly
}

/** The function given to `describe` or `suite` is a list of tests, however long. */
function isGroupOfTests(node: Node): boolean {
  const call = node.parent
  return isCallExpression(call) && /^(describe|suite)\b/.test(call.expression.getText())
}

function isClauseOfSwitch(node: Node): boolean {
  return node.parent.kind === SyntaxKind.DefaultClause
}

function visit(node: Node, see: (node: Node) => void): void {
  see(node)
  node.forEachChild((child) => visit(child, see))
}

/** Line numbers from 1 for offsets into the text. */
function lineCounter(text: string): (offset: number) => number {
  const starts = [0]
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return (offset) => {
    const next = starts.findIndex((start) => start > offset)
    return next === -1 ? starts.length : next
  }
}
