/** How many watches and instances of inotify the kernel allows, and how to raise that. */
import { readFileSync } from 'node:fs'

export type KernelLimit = {
  /** 0 if it can't be read. */
  readonly allowed: number
  /** The command that raises it to `needed` or more, behind the place where to run it. */
  readonly raise: (needed: number) => string
}

export type InotifyLimits = { readonly watches: KernelLimit; readonly instances: KernelLimit }

/**
 * The limits of this user. `fs.inotify` is the host's. A user namespace, as rootless containers have one, may set a
 * lower limit as `user.max_inotify_*`, and all of them count (user_namespaces(7)). On the host the two are the same.
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
