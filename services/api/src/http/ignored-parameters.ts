/** Parameters that mean nothing where they were sent, such as `limit`: they change nothing, and are told of. */
import type { Request, Response } from 'express'

/** So many names, of so many characters each, are enough to see what is wrong. */
const NAMES_MAX = 10
const NAME_CHARACTERS_MAX = 40

/**
 * Names them in the header `Feed-Ignored`, percent-encoded and with commas in between, and in the log.
 *
 * @param known what the route takes
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
