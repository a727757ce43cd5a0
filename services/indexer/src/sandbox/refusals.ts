/**
 * The system calls that no process of drive-feed ever needs, and those that a worker does not need once it has its
 * libraries. A list of allowed calls would break with the next glibc, Node or kernel, so these are lists of refused
 * ones.
 */
import koffi from 'koffi'
import type { SystemCall } from '../posix/system-call.ts'
import type { Refusal } from './filter.ts'

const { EPERM, EACCES, ENOSYS } = koffi.os.errno as {
  EPERM: number
  EACCES: number
  ENOSYS: number
}

/** Ways around what a process may see, ways into other processes and to the machine itself, and the network. */
const NEVER: readonly SystemCall[] = [
  // With CAP_DAC_READ_SEARCH they open any file of a filesystem, mounted here or not.
  ...(['open_by_handle_at', 'name_to_handle_at'] as const),
  ...(['ptrace', 'process_vm_readv', 'process_vm_writev', 'process_madvise', 'process_mrelease', 'kcmp'] as const),
  ...(['pidfd_getfd', 'pidfd_send_signal', 'perf_event_open', 'userfaultfd', 'bpf', 'memfd_secret'] as const),
  // Through a ring the kernel makes calls itself, past every filter. libuv makes one at a process's start if it can.
  ...(['io_uring_setup', 'io_uring_register'] as const),
  ...(['mount', 'umount2', 'pivot_root', 'move_mount', 'open_tree', 'open_tree_attr', 'mount_setattr'] as const),
  ...([
    'fsopen',
    'fsconfig',
    'fsmount',
    'fspick',
    'chroot',
    'setns',
    'unshare',
    'fanotify_init',
    'fanotify_mark',
  ] as const),
  ...(['keyctl', 'add_key', 'request_key', 'personality', 'uselib', 'modify_ldt', 'iopl', 'ioperm'] as const),
  ...(['init_module', 'finit_module', 'delete_module', 'kexec_load', 'kexec_file_load', 'reboot', 'syslog'] as const),
  ...(['swapon', 'swapoff', 'acct', 'quotactl', 'quotactl_fd', 'nfsservctl', 'vhangup'] as const),
  ...(['settimeofday', 'clock_settime', 'clock_adjtime', 'adjtimex', 'sethostname', 'setdomainname'] as const),
  ...(['setuid', 'setgid', 'setreuid', 'setregid', 'setresuid', 'setresgid', 'setgroups'] as const),
  ...(['shmget', 'shmat', 'semget', 'msgget', 'mq_open', 'mq_unlink'] as const),
  ...(['socket', 'connect', 'bind', 'listen', 'accept', 'accept4'] as const),
]

/** Changing files, starting programs and signalling others. */
const NOT_BY_WORKERS: readonly SystemCall[] = [
  ...([
    'truncate',
    'ftruncate',
    'fallocate',
    'mkdir',
    'mkdirat',
    'mknod',
    'mknodat',
    'rmdir',
    'unlink',
    'unlinkat',
  ] as const),
  ...(['rename', 'renameat', 'renameat2', 'link', 'linkat', 'symlink', 'symlinkat'] as const),
  ...(['chmod', 'fchmod', 'fchmodat', 'fchmodat2', 'chown', 'fchown', 'lchown', 'fchownat'] as const),
  ...(['utime', 'utimes', 'utimensat', 'futimesat', 'file_setattr'] as const),
  ...(['setxattr', 'lsetxattr', 'fsetxattr', 'setxattrat'] as const),
  ...(['removexattr', 'lremovexattr', 'fremovexattr', 'removexattrat'] as const),
  ...(['execve', 'execveat', 'fork', 'vfork', 'tkill', 'rt_sigqueueinfo', 'rt_tgsigqueueinfo', 'pidfd_open'] as const),
  ...(['capset', 'memfd_create'] as const),
]

const CLONE_THREAD = 0x00010000
const ALL_BITS = 0xffffffff

/** For every thread of the indexer. */
export const REFUSED_EVERYWHERE: readonly Refusal[] = NEVER.map((call) => ({ call, errno: EPERM }))

/**
 * For a worker that has its libraries, besides those above. Our own code opens files by openat2(2) alone, which no
 * library calls: whatever a file makes a library do, the library can open nothing.
 *
 * @param readingFlags null if the kernel has openat2(2); otherwise flags that all our calls of openat(2) have, and no
 *   library's call has
 */
export function refusedToWorkers(pid: number, readingFlags: number | null): readonly Refusal[] {
  const isOwn = { argument: 0, mask: ALL_BITS, value: pid }
  const opening: Refusal = { call: 'openat', errno: EACCES }
  return [
    ...NOT_BY_WORKERS.map((call) => ({ call, errno: EPERM })),
    ...(['open', 'creat'] as const).map((call) => ({ call, errno: EACCES })),
    readingFlags === null ? opening : { ...opening, unless: { argument: 2, mask: readingFlags, value: readingFlags } },
    // abort(3) signals its own thread.
    { call: 'kill', errno: EPERM, unless: isOwn },
    { call: 'tgkill', errno: EPERM, unless: isOwn },
    { call: 'clone', errno: EPERM, unless: { argument: 0, mask: CLONE_THREAD, value: CLONE_THREAD } },
    // A worker's loop has no ring: the thread that started it may not make any.
    { call: 'io_uring_enter', errno: EPERM },
    // The flags of clone3 are in memory, where a filter can't see them. With ENOSYS glibc uses clone(2).
    { call: 'clone3', errno: ENOSYS },
    { call: 'prlimit64', errno: EPERM, unless: { argument: 0, mask: ALL_BITS, value: 0 } },
  ]
}
