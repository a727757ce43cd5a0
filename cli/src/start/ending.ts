/** What ends the services, and how they are ended: both, whichever of them it was. */
import type { Service } from './service.ts'

/** An api gives long answers that are being taken up to 15 seconds. */
const STOP_PATIENCE_MS = 20_000

/** Who ended it: the user, by a signal, or a service that died. `how` is a text: "exit code 1". */
export type Ending<S extends Service> =
  | { readonly kind: 'asked' }
  | { readonly kind: 'died'; readonly service: S; readonly how: string }

/** Resolves when the user asks for the end, or a service has ended. */
export async function endOf<S extends Service>(services: readonly S[]): Promise<Ending<S>> {
  return Promise.race([asked(), ...services.map(diedOf)])
}

/** Stops what still runs. A second signal ends it immediately. */
export async function stopAll(services: readonly Service[]): Promise<void> {
  const impatient = asked().then(() => Promise.all(services.map((service) => service.stop(0))))
  await Promise.race([impatient, Promise.all(services.map((service) => service.stop(STOP_PATIENCE_MS)))])
}

async function asked(): Promise<{ readonly kind: 'asked' }> {
  const { promise, resolve } = Promise.withResolvers<{ readonly kind: 'asked' }>()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve({ kind: 'asked' }))
  return promise
}

async function diedOf<S extends Service>(service: S): Promise<Ending<S>> {
  return { kind: 'died', service, how: await service.ended }
}
