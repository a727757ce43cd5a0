/** Waits for its owner to mend the config, for a process that is started again whenever it ends. */
import { setTimeout as sleep } from 'node:timers/promises'
import { ConfigError } from './config-error.ts'

const TRY_AGAIN_MS = 5_000

/** The option of the services, with what it does. */
export const WAIT_OPTION = { wait: 'wait until a mistake is mended, instead of ending' } as const

/**
 * What `load` gives, once it throws no `ConfigError`. The mistakes are told once, and again when they are others. A
 * container engine would start a process that ends again and again, each time with the same lines.
 *
 * @throws {ConfigError} immediately if it is not to wait
 */
export async function waitForConfig<T>(
  load: () => T,
  {
    program,
    waits,
    tell,
    tryAgainMs = TRY_AGAIN_MS,
  }: {
    readonly program: string
    readonly waits: boolean
    readonly tell: (text: string) => void
    readonly tryAgainMs?: number
  },
): Promise<T> {
  let told = ''
  for (;;) {
    try {
      return load()
    } catch (error) {
      if (!(error instanceof ConfigError) || !waits) throw error
      const lines = error.linesOf(program)
      if (lines !== told) tell(`${lines}${program}: waiting until that is mended\n`)
      told = lines
      await sleep(tryAgainMs)
    }
  }
}
