/** What the kernel allows of inotify, and how to have it allow more. */
import { readFileSync } from 'node:fs'

export type KernelLimit = {
  /** 0 where it can't be read. */
  readonly allowed: number
  /** The line that raises it to `needed` or more. */
  readonly raise: (needed: number) => string
}

export type InotifyLimits = { readonly watches: KernelLimit; readonly instances: KernelLimit }

/**
 * The limits of this user. `fs.inotify` is the host's. Each user namespace, which rootless containers have, may set a
 * lower one as `user.max_inotify_*`, and the kernel heeds all of them (user_namespaces(7)); on the host both are one.
 */
export function inotifyLimits(): InotifyLimits {
  return {
    watches: lowest('fs.inotify.max_user_watches', 'user.max_inotify_watches'),
    instances: lowest('fs.inotify.max_user_instances', 'user.max_inotify_instances'),
  }
}

function lowest(hostSysctl: string, namespaceSysctl: string): KernelLimit {
  const host = read(hostSysctl)
  const namespace = read(namespaceSysctl)
  const isNamespaceLower = namespace > 0 && namespace < host
  const [place, sysctl] = isNamespaceLower ? ['In its user namespace', namespaceSysctl] : ['On the host', hostSysctl]
  return {
    allowed: isNamespaceLower ? namespace : host,
    raise: (needed) => `${place}: sysctl -w ${sysctl}=${2 ** Math.ceil(Math.log2(Math.max(1, needed)))}`,
  }
}

function read(sysctl: string): number {
  try {
    return Number(readFileSync(`/proc/sys/${sysctl.replaceAll('.', '/')}`, 'utf8'))
  } catch {
    return 0
  }
}
