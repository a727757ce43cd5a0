/**
 * Kernel limits for one indexer alone. inotify's limits are per user namespace (user_namespaces(7)), so the indexer
 * runs in a namespace of its own. The limit of open files is per process (prlimit(1)).
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'

type Limits = { readonly watches?: number; readonly instances?: number }

let refusal: string | false | undefined

/** False if user namespaces are available, otherwise the reason, for `skip`. */
export function limitsAreRefused(): string | false {
  if (refusal === undefined) {
    const { status, stderr } = spawnSync('unshare', [...IN_NAMESPACE, 'sh', '-c', script({ watches: 10 })])
    refusal = status === 0 ? false : `no user namespaces here: ${String(stderr ?? '').trim() || 'unshare is missing'}`
  }
  return refusal
}

/** The command for `within` of a pair. */
export function withLimits(limits: Limits): string[] {
  return ['unshare', ...IN_NAMESPACE, 'sh', '-c', `${script(limits)} && exec "$@"`, 'sh']
}

/** Sets the limits of a running indexer that was started with some. */
export function setLimits(pid: number, limits: Limits): void {
  execFileSync('nsenter', ['--user', `--target=${pid}`, '--preserve-credentials', 'sh', '-c', script(limits)])
}

/** Keeps a running process from opening further files. Gives a function that undoes it. */
export function closeDoors(pid: number): () => void {
  const soft = (limit: string) => execFileSync('prlimit', [`--pid=${pid}`, `--nofile=${limit}:`])
  const [before] = execFileSync('prlimit', [`--pid=${pid}`, '--nofile', '--noheadings', '--output=SOFT'])
    .toString()
    .trim()
    .split('\n')
  // A new descriptor gets the lowest free number, which must be below the limit.
  const taken = new Set(readdirSync(`/proc/${pid}/fd`).map(Number))
  let free = 0
  while (taken.has(free)) free += 1
  soft(String(free))
  return () => soft(before ?? '1024')
}

const IN_NAMESPACE = ['--user', '--map-root-user']

function script({ watches, instances }: Limits): string {
  const lines = [
    ...(watches === undefined ? [] : [`echo ${watches} > /proc/sys/user/max_inotify_watches`]),
    ...(instances === undefined ? [] : [`echo ${instances} > /proc/sys/user/max_inotify_instances`]),
  ]
  return lines.join(' && ')
}
