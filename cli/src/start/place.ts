/** Whether the services can start here: what has the port, and what runs on the same data. */
import { shownHost } from '../port/addresses.ts'
import { findPortHolder, type OurPlace, type PortHolder } from '../port/port-holder.ts'
import { runningIndexer } from '../port/running-indexer.ts'
import { nextFreePort, tryPort } from '../port/try-port.ts'

/** `pid`, `port`: of what runs on the same data; the port is null if no api of these data answers. */
export type Standing =
  | { readonly kind: 'free' }
  | { readonly kind: 'running'; readonly pid: number | null; readonly host: string; readonly port: number | null }
  | { readonly kind: 'taken'; readonly port: number; readonly holder: PortHolder; readonly free: number | null }
  | { readonly kind: 'refused'; readonly reason: string }

/** @param place `configuredPort` is where a running api of the same data would be */
export async function checkPlace(place: OurPlace & { readonly configuredPort: number }): Promise<Standing> {
  const { host, port, databasePath, configuredPort } = place
  const trial = await tryPort(host, port)
  const holder = trial.kind === 'taken' ? await findPortHolder(place) : null
  const indexer = runningIndexer(databasePath)
  if (holder?.kind === 'ours') return { kind: 'running', pid: holder.pid, host, port }
  if (indexer !== null) {
    const isServed = port !== configuredPort && (await isOursAt({ ...place, port: configuredPort }))
    return { kind: 'running', pid: indexer, host, port: isServed ? configuredPort : null }
  }
  if (holder !== null) return { kind: 'taken', port, holder, free: await nextFreePort(host, port) }
  return trial.kind === 'refused' ? trial : { kind: 'free' }
}

async function isOursAt(place: OurPlace): Promise<boolean> {
  const isTaken = (await tryPort(place.host, place.port)).kind === 'taken'
  return isTaken && (await findPortHolder(place)).kind === 'ours'
}

export function isPlaceTaken(standing: Standing): boolean {
  return standing.kind === 'taken' || standing.kind === 'refused'
}

/** One line: what is so, and what to do. */
export function describeStanding(standing: Exclude<Standing, { kind: 'free' }> | Standing): string {
  switch (standing.kind) {
    case 'free':
      return 'the port is free'
    case 'refused':
      return standing.reason
    case 'running': {
      const { pid, host, port } = standing
      const who = pid === null ? '' : ` (process ${pid})`
      return port === null
        ? `An indexer is already running on these data${who}, and no api of them answers: stop it, and start again.`
        : `drive-feed is already running here${who}: http://${shownHost(host)}:${port}/api/v1/changes`
    }
    case 'taken': {
      const { port, holder, free } = standing
      const what = holder.kind === 'other program' ? 'another program' : 'a drive-feed with other data'
      const name = holder.name === null ? '' : ` (${holder.name})`
      const other = free === null ? 'start again with --port=N' : `start again with --port=${free}`
      return `port ${port} is taken by ${what}${name}: ${other}, or stop it`
    }
  }
}
