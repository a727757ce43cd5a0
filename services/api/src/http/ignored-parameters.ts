/** Parameters that a route does not take, such as `limit`: they have no effect, and the answer names them. */
import type { Request, Response } from 'express'

/** Enough names, and enough characters of each, to see what is wrong. */
const NAMES_MAX = 10
const NAME_CHARACTERS_MAX = 40

/**
 * Lists them in the header `Feed-Ignored`, percent-encoded and separated by commas, and in the log.
 *
 * @param known the parameters that the route takes
 */
export function tellIgnored(req: Request<{ id: string }>, res: Response, known: object): void {
  const ignored = Object.keys(req.query)
    .filter((name) => name !== '' && !Object.hasOwn(known, name))
    .slice(0, NAMES_MAX)
    .map((name) => encodeURIComponent(name.slice(0, NAME_CHARACTERS_MAX).toWellFormed()))
  if (ignored.length === 0) return
  res.set('Feed-Ignored', ignored.join(', '))
  req.log.debug({ ignored }, 'parameters that mean nothing here')
}
