/** What ends the services, and how they are ended: both, whichever of them it was. */
import type { Service } from './service.ts'

/** An api gives long answers that are being taken up to 15 seconds. */
const STOP_PATIENCE_MS = 20_000

type Asked = { readonly kind: 'asked' }

/** Who ended it: the user, by a signal, or a service that died. `how` is a text: "exit code 1". */
export type Ending<S extends Service> = Asked | { readonly kind: 'died'; readonly service: S; readonly how: string }

/**
 * Resolves when the user asks for the end, or a service has ended.
 *
 * @param wanted from `asked`, called before the services were started: a signal that comes earlier would end this
 * process and leave them
 */
export async function endOf<S extends Service>(services: readonly S[], wanted: Promise<Asked>): Promise<Ending<S>> {
  return Promise.race([wanted, ...services.map(diedOf)])
}

/** Stops what still runs. A second signal ends it immediately. */
export async function stopAll(services: readonly Service[]): Promise<void> {
  const impatient = asked().then(() => Promise.all(services.map((service) => service.stop(0))))
  await Promise.race([impatient, Promise.all(services.map((service) => service.stop(STOP_PATIENCE_MS)))])
}

/** Resolves at the next signal. From then on a signal no longer ends this process: the services must be stopped first. */
export async function asked(): Promise<Asked> {
  const { promise, resolve } = Promise.withResolvers<Asked>()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve({ kind: 'asked' }))
  return promise
}

async function diedOf<S extends Service>(service: S): Promise<Ending<S>> {
  return { kind: 'died', service, how: await service.ended }
}
