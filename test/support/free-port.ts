/** A port of the loopback interface on which a program may listen. */
import { createServer } from 'node:net'

const FIRST = 10_000
const COUNT = 20_000

/** The port is below those of outgoing connections, so that none of these takes it first. */
export async function freePort(): Promise<number> {
  const port = FIRST + Math.floor(Math.random() * COUNT)
  const server = createServer()
  const isFree = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
  return isFree ? port : freePort()
}
