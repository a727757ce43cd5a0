/** Addresses of the api as URLs have them: for this machine, and for others. */
import type { NetworkInterfaceInfo } from 'node:os'

type Interfaces = NodeJS.Dict<NetworkInterfaceInfo[]>

/** Bridges and pairs of container engines and virtual machines: no other machine reaches these. */
const VIRTUAL = /^(docker|br-|veth|virbr|cni|flannel|lxc|lxd|podman|tun|tap)/

/** What to ask on this machine: nobody can connect to "all addresses". */
export function askedAt(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return inUrl(host)
}

/** As `askedAt`, in the form that people know. */
export function shownHost(host: string): string {
  return host === '0.0.0.0' || host === '::' || isLoopback(host) ? 'localhost' : inUrl(host)
}

/** Whether only this machine can ask. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\./.test(host)
}

/**
 * The address that other machines use; null if they can't reach the api. `0.0.0.0` is reached by IPv4 alone; `::` by
 * both.
 */
export function addressForOthers(host: string, interfaces: Interfaces): string | null {
  if (isLoopback(host)) return null
  if (host !== '0.0.0.0' && host !== '::') return inUrl(host)
  const all = Object.entries(interfaces).flatMap(([name, infos = []]) => {
    return VIRTUAL.test(name)
      ? []
      : infos.filter(({ internal, address }) => !internal && !/^(fe80|169\.254)/i.test(address))
  })
  const ipv4 = all.find(({ family }) => family === 'IPv4')
  if (ipv4 !== undefined) return ipv4.address
  const ipv6 = host === '::' ? all.find(({ family }) => family === 'IPv6') : undefined
  return ipv6 === undefined ? null : inUrl(ipv6.address)
}

function inUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}
