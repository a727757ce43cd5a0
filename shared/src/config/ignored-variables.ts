/** The one line about variables that do not count, since there is a config file. */
import type { Logger } from '../logger.ts'
import type { Config } from './config.ts'

/** Variables override nothing silently, and are not lost silently either. Names only: values may be secret. */
export function warnOfIgnoredVariables({ ignoredVariables }: Config, log: Logger): void {
  if (ignoredVariables.length === 0) return
  log.info({ variables: ignoredVariables }, 'there is a config file, so variables are ignored')
}
