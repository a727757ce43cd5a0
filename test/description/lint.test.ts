/** Holds the OpenAPI document to the rules of two linters, as they ship them. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import core, { type RulesetDefinition } from '@stoplight/spectral-core'
import rulesets from '@stoplight/spectral-rulesets'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { servedDescription } from './served-description.ts'

const REDOCLY = join(dirname(createRequire(import.meta.url).resolve('@redocly/cli/package.json')), 'bin/cli.js')

for (const hasToken of [false, true]) {
  const where = hasToken ? 'with a token' : 'without a token'

  test(`spectral reports nothing about the description ${where}`, async (t) => {
    const { document } = await servedDescription(t, { hasToken })
    const spectral = new core.Spectral()
    spectral.setRuleset({
      // The types are those of another version of the core.
      extends: [[rulesets.oas as unknown as RulesetDefinition, 'all']],
      // The description can't know who runs a server, and a license has an identifier or an address, not both.
      rules: { 'info-contact': 'off', 'license-url': 'off' },
    })
    assert.deepEqual(await spectral.run(document), [])
  })

  test(`redocly reports nothing about the description ${where}`, async (t) => {
    const folder = temporaryFolder(t)
    const file = join(folder, 'openapi.json')
    writeFileSync(file, (await servedDescription(t, { hasToken })).text)
    const rules = ['--extends=recommended-strict', '--extends=spec']
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [REDOCLY, 'lint', ...rules, '--format=json', file],
      // Otherwise it reports each run to its makers, and asks for newer versions.
      {
        cwd: folder,
        env: { REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true', CI: 'true' },
        encoding: 'utf8',
      },
    )
    assert.equal(status, 0, stdout + stderr)
    assert.deepEqual((JSON.parse(stdout) as { problems: unknown[] }).problems, [])
  })
}
