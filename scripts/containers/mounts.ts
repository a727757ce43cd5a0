/** Mounts of this machine that containers are to see. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Whether later mounts below the path reach other namespaces: proc_pid_mountinfo(5), the optional fields. */
export function isSharedMount(path: string, mountinfo = readFileSync('/proc/self/mountinfo', 'utf8')): boolean {
  let [longest, isShared] = ['', false]
  for (const line of mountinfo.split('\n')) {
    const fields = line.split(' ')
    const place = fields[4] ?? ''
    const isAround = path === place || path.startsWith(place.endsWith('/') ? place : `${place}/`)
    // The later of two mounts at one place is on top.
    if (place === '' || !isAround || place.length < longest.length) continue
    longest = place
    isShared = fields.slice(6, fields.indexOf('-')).some((field) => /^(shared|master):/.test(field))
  }
  return isShared
}

/**
 * Makes the folder a shared mount of its own, as all mounts are on most systems. Gives null, or why it can't be done.
 */
export function shareMount(folder: string): string | null {
  return run('mount', '--bind', folder, folder) ?? run('mount', '--make-shared', folder)
}

/** Mounts an empty filesystem in memory. Gives null, or why it can't be done. */
export function mountMemory(folder: string): string | null {
  return run('mount', '-t', 'tmpfs', 'drive-feed-e2e', folder)
}

/** Unmounts the folder and what is mounted below it, also if it is in use. Does nothing if nothing is mounted there. */
export function unmount(folder: string): void {
  spawnSync('umount', ['--recursive', '--lazy', folder], { stdio: 'ignore' })
}

function run(program: string, ...argv: readonly string[]): string | null {
  const { status, stderr, error } = spawnSync(program, argv, { encoding: 'utf8' })
  if (error !== undefined) return error.message
  return status === 0 ? null : stderr.trim()
}
