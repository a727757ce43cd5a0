/**
 * Runs the commands of the README and those of the documents that are for containers, as an owner who pastes them: in a
 * fresh clone, with the folder, the port and the project's name exchanged and nothing else. `scripts/e2e` runs it.
 */
import assert from 'node:assert/strict'
import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import { CORPUS } from '../../test/support/corpus.ts'
import { freePort } from '../../test/support/free-port.ts'
import { until } from '../../test/support/until.ts'
import { withoutOwnSettings } from './deployment.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const LIMIT_MS = 15 * 60_000
const run = promisify(execFile)

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'drive-feed-readme-')))
const [clone, media] = [join(folder, 'clone'), join(folder, 'media')]
const project = folder.slice(folder.lastIndexOf('/') + 1).toLowerCase()
const [port, otherPort] = [await freePort(), await freePort()]
// Another project beside one that an owner runs here, with images of its own.
const environment = {
  ...withoutOwnSettings(process.env),
  COMPOSE_PROJECT_NAME: project,
  IMAGES: `${project}/`,
  PORT: String(port),
}
mkdirSync(media)
for (const one of [folder, media]) chmodSync(one, 0o755)
for (const name of ['i.jpg', 'v.mp4']) copyFileSync(join(CORPUS, name), join(media, name))
execFileSync('git', ['clone', '--quiet', ROOT, clone])

after(() => {
  const down = ['compose', 'down', '--volumes', '--rmi', 'all', '--timeout', '3']
  execFileSync('docker', down, { cwd: clone, env: environment, stdio: 'ignore' })
  rmSync(folder, { recursive: true, force: true })
})

test('README: the quick start with Docker', { timeout: LIMIT_MS }, async () => {
  const commands = blockAfter('README.md', '## Quick start with Docker').join('\n')
  const answer = await pasted(commands)
  const { changes } = JSON.parse(answer.slice(answer.indexOf('{'))) as { changes: { node: { name: string } }[] }
  const names = new Set(changes.map(({ node }) => node.name))
  for (const name of ['media', 'i.jpg', 'v.mp4']) assert.ok(names.has(name), `${name} is not in ${answer}`)
})

test('README: the api in short', async () => {
  const [question = ''] = commandsIn(blockAfter('README.md', '## The API in short'))
  const answer = JSON.parse(await pasted(question)) as object
  assert.deepEqual(Object.keys(answer), ['cursor', 'changes', 'has_more'])
})

for (const document of ['docs/operating.md', 'docs/upgrading.md']) {
  const commands = new Set(
    readFileSync(join(ROOT, document), 'utf8').match(/docker compose exec indexer drive-feed [^`\n]+/g),
  )
  for (const command of commands) {
    test(`${document}: ${command}`, async () => {
      const { code, stdout, stderr } = await inClone(command.replace('exec', 'exec -T'))
      // A refusal is an answer, as where there is nothing to accept; 137 is the end of the container, which restore causes.
      assert.ok([0, 1, ...(command.includes('restore') ? [137] : [])].includes(code), `${code}: ${stdout}${stderr}`)
      assert.notEqual(stdout + stderr, '')
    })
  }
}

test('README: the quick start without Docker', { timeout: LIMIT_MS }, async () => {
  const [first = '', ...shown] = blockAfter('README.md', '## Quick start without Docker')
  const [program = '', ...words] = exchanged(first.replace(/^\$ /, '')).split(' ')
  const child = spawn(program, [...words, `--port=${otherPort}`], { cwd: clone, env: environment })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text))
  try {
    await until(`the last line\n${output}`, () => output.includes('Up to date'), LIMIT_MS)
    const answer = await fetch(`http://localhost:${otherPort}/api/v1/changes`)
    assert.match(await answer.text(), /"name":"i\.jpg"/)
    // Numbers and addresses are of another machine.
    const shape = (line: string) =>
      exchanged(line)
        .replace(/https?:\/\/[^/]+/g, 'URL')
        .replace(/\d+/g, 'N')
        .replace(/\s+/g, ' ')
    const lines = new Set(output.split('\n').map(shape))
    for (const line of shown) assert.ok(lines.has(shape(line)), `${line}\nis not in\n${output}`)
    const questions = commandsIn(blockAfter('README.md', '## The database by hand'))
    assert.equal(questions.length, 3)
    for (const question of questions) await pasted(`cd data; ${question}`)
  } finally {
    child.kill('SIGINT')
    await once(child, 'exit')
  }
})

test('README: the tests of one folder', { timeout: LIMIT_MS }, async () => {
  const text = readFileSync(join(ROOT, 'README.md'), 'utf8')
  const [, command = ''] = /`(scripts\/test [^`]+)`/.exec(text) ?? []
  assert.match(await pasted(command), /pass [1-9]/)
})

/** The lines of the first block of code after a heading. */
function blockAfter(document: string, heading: string): string[] {
  const text = readFileSync(join(ROOT, document), 'utf8')
  const [, block = ''] = /```\w*\n(.*?)```/s.exec(text.slice(text.indexOf(`\n${heading}\n`))) ?? []
  assert.notEqual(block, '', heading)
  return block.trimEnd().split('\n')
}

/** Those with a prompt, without it. */
function commandsIn(lines: readonly string[]): string[] {
  return lines.filter((line) => line.startsWith('$ ')).map((line) => line.slice(2))
}

function exchanged(text: string): string {
  return text
    .replaceAll('/path/to/your/folder', media)
    .replaceAll('/mnt/media', media)
    .replaceAll('localhost:8080', `localhost:${port}`)
}

async function pasted(commands: string): Promise<string> {
  const { code, stdout, stderr } = await inClone(`set -e\n${exchanged(commands)}`)
  assert.equal(code, 0, `${commands}\n${stdout}\n${stderr}`)
  return stdout
}

async function inClone(command: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const options = { cwd: clone, env: environment, timeout: LIMIT_MS, maxBuffer: 64 * 1024 * 1024 }
  try {
    return { code: 0, ...(await run('bash', ['-c', command], options)) }
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }
    return { code, stdout, stderr }
  }
}
