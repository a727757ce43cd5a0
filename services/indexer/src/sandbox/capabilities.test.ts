/** Shows what a process that gave up its other rights still reads. Programs of their own do so, started as root. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chownSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'

const skip = process.getuid?.() === 0 ? false : 'only root has rights to give up'

/** Prints the effective capabilities, and the content of the file. */
const PROGRAM = `
  import { readFileSync } from 'node:fs'
  const { keepReading } = await import(${JSON.stringify(join(import.meta.dirname, 'capabilities.ts'))})
  keepReading()
  const [, effective] = /CapEff:\\s*(\\w+)/.exec(readFileSync('/proc/self/status', 'utf8'))
  console.log(BigInt('0x' + effective).toString(2), readFileSync(process.argv[1], 'utf8'))`

for (const [lacking, effective] of [
  ['nothing', '1100'],
  // What container engines give root.
  ['dac_read_search', '1010'],
] as const) {
  test(`files of others are read by root who lacks ${lacking}, and little else may be done`, { skip }, (t) => {
    const file = join(temporaryFolder(t), 'file')
    writeFileSync(file, 'content', { mode: 0o600 })
    chownSync(file, 1234, 1234)
    const own = lacking === 'nothing' ? '+all' : `+all,-${lacking}`
    const argv = ['--bounding-set', own, process.execPath, '--input-type=module', '--eval', PROGRAM, file]
    const { stdout, stderr } = spawnSync('setpriv', argv, { encoding: 'utf8' })
    assert.equal(stdout, `${effective} content\n`, stderr)
  })
}
