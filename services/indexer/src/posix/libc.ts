/** The libc calls that Node does not expose. None throws: a failure comes back as its errno. */
import koffi from 'koffi'

const libc = koffi.load('libc.so.6')

const inotifyInit1 = libc.func('int inotify_init1(int flags)')
const inotifyAddWatch = libc.func('int inotify_add_watch(int fd, const char *path, uint32_t mask)')
const inotifyRmWatch = libc.func('int inotify_rm_watch(int fd, int wd)')
const eventfd = libc.func('int eventfd(unsigned int initial, int flags)')
const pollFd = koffi.struct('pollfd', { fd: 'int', events: 'short', revents: 'short' })
const pollCall = libc.func('int poll(_Inout_ pollfd *fds, unsigned long count, int timeout)')
const exitCall = libc.func('void _exit(int status)')
const trimCall = libc.func('int malloc_trim(size_t pad)')
const mallopt = libc.func('int mallopt(int parameter, int value)')
const flockCall = libc.func('int flock(int fd, int operation)')

const IN_CLOEXEC = 0o2000000
const IN_NONBLOCK = 0o4000
const EFD_CLOEXEC = 0o2000000
const EFD_NONBLOCK = 0o4000
const LOCK_EX = 2
const LOCK_NB = 4

export const POLLIN = 0x1
export const POLLPRI = 0x2
export const POLLERR = 0x8

export const EINTR = koffi.os.errno.EINTR as number
export const ENOSPC = koffi.os.errno.ENOSPC as number
export const EMFILE = koffi.os.errno.EMFILE as number
export const EWOULDBLOCK = koffi.os.errno.EWOULDBLOCK as number

export type Outcome = { readonly ok: true; readonly value: number } | { readonly ok: false; readonly errno: number }

/** A new inotify instance, non-blocking; EMFILE when `max_user_instances` is reached. */
export function createInotify(): Outcome {
  return outcome(inotifyInit1(IN_CLOEXEC | IN_NONBLOCK))
}

/**
 * inotify_add_watch(2). The same inode always gives the same watch descriptor. ENOSPC when `max_user_watches` is
 * reached.
 */
export function addWatch(inotifyFd: number, path: string, mask: number): Outcome {
  return outcome(inotifyAddWatch(inotifyFd, path, mask))
}

/** malloc_trim(3): returns malloc's free memory to the system. */
export function trimHeap(): void {
  trimCall(0)
}

const M_MMAP_THRESHOLD = -3

/**
 * Has malloc(3) map each block of so many bytes or more by itself, so that it is given back when it is freed. Without this
 * the limit grows to the largest block that was ever freed, and blocks that pass between threads leave gaps in the heaps of
 * those threads.
 */
export function mapLargeBlocks(bytes: number): void {
  mallopt(M_MMAP_THRESHOLD, bytes)
}

/** inotify_rm_watch(2). The kernel answers with IN_IGNORED. A watch that is already gone is no error. */
export function removeWatch(inotifyFd: number, watchDescriptor: number): void {
  inotifyRmWatch(inotifyFd, watchDescriptor)
}

/** A non-blocking eventfd(2) with which one thread wakes another out of poll(2). */
export function createWakeUp(): Outcome {
  return outcome(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))
}

export type PollEntry = { fd: number; events: number; revents: number }

/**
 * poll(2). Fills `revents`. Returns when something is ready, when the time (ms; -1 for no limit) is over, or when a
 * signal comes (EINTR).
 */
export function poll(entries: PollEntry[], timeoutMs = -1): Outcome {
  return outcome(pollCall(entries, entries.length, timeoutMs))
}

/**
 * flock(2), exclusive, without waiting: EWOULDBLOCK if another process has it. The lock ends with the process, however
 * that ends.
 */
export function tryLock(fd: number): Outcome {
  return outcome(flockCall(fd, LOCK_EX | LOCK_NB))
}

/** _exit(2): ends the process without waiting for its threads, one of which may wait for a file server that is gone. */
export function exitAtOnce(code: number): never {
  exitCall(code)
  throw new Error('_exit(2) returned')
}

function outcome(result: number): Outcome {
  return result >= 0 ? { ok: true, value: result } : { ok: false, errno: koffi.errno() }
}

// Only declared: koffi finds the type by its name in the prototype of `poll`.
void pollFd
