import type { Request } from 'express'

/** Whether the address is one of these, with or without a slash at its end: as the routes are found. */
export function isAtPath({ path }: Request, paths: readonly string[]): boolean {
  return paths.includes(path.length > 1 ? path.replace(/\/$/, '') : path)
}
