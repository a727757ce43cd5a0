import type { Response } from 'express'

/** Aborts when the client has gone, or has its answer: whatever is done for it may end. */
export function clientGone(res: Response): AbortSignal {
  const controller = new AbortController()
  if (res.destroyed) controller.abort()
  res.once('close', () => controller.abort())
  return controller.signal
}
