import type { Request } from 'express'

/** Whether the path is one of these, with or without a slash at its end, as Express matches routes. */
export function isAtPath({ path }: Request, paths: readonly string[]): boolean {
  return paths.includes(path.length > 1 ? path.replace(/\/$/, '') : path)
}
