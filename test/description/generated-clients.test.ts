/**
 * Shows that clients generated from the description are right: they are type-checked together with code that calls
 * every route, and run against the api. That code is in `callers`. It imports what is generated, so it is compiled only
 * here.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { createClient } from '@hey-api/openapi-ts'
import openapiTypescript, { astToString } from 'openapi-typescript'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { servedDescription } from './served-description.ts'

const ROOT = join(import.meta.dirname, '../..')
const TSC = join(ROOT, 'node_modules/.bin/tsc')

type Caller = { readonly callAll: (baseUrl: string, token: string, fetch: typeof globalThis.fetch) => Promise<void> }

test('the client of openapi-typescript and openapi-fetch calls every route, and its types are true', async (t) => {
  await callAll(t, 'openapi-fetch', async (folder, document) => {
    writeFileSync(join(folder, 'schema.ts'), astToString(await openapiTypescript(document)))
  })
})

test('the client of @hey-api/openapi-ts calls every route, and its types are true', async (t) => {
  await callAll(t, 'hey-api', async (folder, document) => {
    await createClient({
      input: JSON.parse(document),
      output: { path: join(folder, 'generated'), tsConfigPath: join(folder, 'tsconfig.json') },
      plugins: ['@hey-api/client-fetch', '@hey-api/typescript', '@hey-api/sdk'],
      logs: { level: 'silent', file: false },
    })
  })
})

/** @param generate makes the files that the caller of this name imports */
async function callAll(t: TestContext, name: string, generate: (folder: string, document: string) => Promise<void>) {
  const { origin, token, text, document } = await servedDescription(t, { hasToken: true })
  const folder = temporaryFolder(t)
  layOut(folder, name)
  await generate(folder, text)
  const compiled = spawnSync(TSC, ['-p', folder], { encoding: 'utf8' })
  assert.equal(compiled.status, 0, compiled.stdout + compiled.stderr)

  const called: string[] = []
  const caller = (await import(pathToFileURL(join(folder, 'out/caller.js')).href)) as Caller
  await caller.callAll(origin, token, (input, init) => {
    const { url } = new Request(input, init)
    called.push(new URL(url).pathname)
    return fetch(input, init)
  })
  const missed = Object.keys(document.paths).filter((path) => {
    const address = new RegExp(`^${path.replace('.', '\\.').replace('{id}', '[^/]+')}$`)
    return !called.some((one) => address.test(one))
  })
  assert.deepEqual(missed, [])
}

/** Makes a project of its own, as strict as a user's may be. */
function layOut(folder: string, name: string): void {
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  cpSync(join(import.meta.dirname, 'callers', `${name}.ts.txt`), join(folder, 'caller.ts'))
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }))
  const compilerOptions = {
    ...{ target: 'es2024', module: 'nodenext', types: ['node'], rootDir: '.', outDir: 'out', skipLibCheck: true },
    ...{ strict: true, noUncheckedIndexedAccess: true, noImplicitReturns: true },
  }
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, include: ['**/*.ts'], exclude: ['out'] }),
  )
}
