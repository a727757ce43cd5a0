/** A signal that ends all work for a client. */
import type { Response } from 'express'

/** Aborts when the client has gone away or has its whole answer. */
export function clientGone(res: Response): AbortSignal {
  const controller = new AbortController()
  if (res.destroyed) controller.abort()
  res.once('close', () => controller.abort())
  return controller.signal
}
