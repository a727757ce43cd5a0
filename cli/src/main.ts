#!/usr/bin/env node
/** Entry of `drive-feed`: everything an owner does with it is a subcommand. */
import { useCompileCache } from '@drive-feed/shared/compile-cache.ts'
import { endWithReader } from './closed-pipe.ts'

useCompileCache()
process.stdout.on('error', endWithReader)
const { COMMANDS } = await import('./commands.ts')
const { runProgram } = await import('./program.ts')
process.exitCode = await runProgram(COMMANDS, process.argv.slice(2), {
  out: (text) => void process.stdout.write(text),
  error: (text) => void process.stderr.write(text),
})
