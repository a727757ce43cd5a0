/**
 * The observer thread for a disk in memory: it serves one request after the other, each takes time, and the disk goes
 * on.
 */

import { createSightsBuilder, type SightsBuilder } from '../../services/indexer/src/model/sights.ts'
import { ENOSPC } from '../../services/indexer/src/posix/libc.ts'
import type { LookAnswer, LookRequest, WatchOutcome } from '../../services/indexer/src/scan/look.ts'
import type { LookReply } from '../../services/indexer/src/scan/observer.ts'
import { createSpellings } from '../../services/indexer/src/scan/spelling.ts'
import type { Inode, ModelDisk } from '../support/model-disk.ts'
import type { Random } from '../support/random.ts'
import { DEVICE } from '../support/rows.ts'
import type { Actor, Clock } from './clock.ts'
import type { Kernel } from './kernel.ts'

/** How often (0 to 1) something can't be read, and a folder can't be watched. */
export type Faults = { unreadable: number; refused: number }

export type LookingTools = {
  readonly faults: Faults
  readonly clock: Clock
  readonly actor: Actor
  readonly disk: ModelDisk
  readonly kernel: Kernel
  readonly random: Random
  readonly note: (line: string) => void
  /** The longest time that a step takes. */
  readonly slownessMs: number
}

/** How often something else happens between two entries of a folder. */
const INTERRUPTED = 0.1
/** How often a folder is put off because the batch is full. */
const PUT_OFF = 0.02

export function createLooking(tools: LookingTools): (requests: readonly LookRequest[]) => Promise<LookReply> {
  const { clock, actor, random, slownessMs } = tools
  const pause = () => new Promise<void>((resolve) => clock.after(random.below(slownessMs + 1), actor, resolve))
  let turn: Promise<unknown> = Promise.resolve()
  const answer = async (request: LookRequest, sights: SightsBuilder): Promise<LookAnswer> => {
    if (request.expected !== null && random.chance(PUT_OFF)) return { kind: 'later', problem: null }
    const folder = tools.disk.resolve(request.path.split('/').slice(1))
    if (folder?.entries == null || (request.expected !== null && String(folder.number) !== request.expected.inode)) {
      return { kind: 'elsewhere' }
    }
    const watch = watchFolder(tools, request, folder)
    const isTop = request.path.split('/').length === 2
    if (!isTop && random.chance(tools.faults.unreadable))
      return { kind: 'unreadable', problem: 'EIO: i/o error', watch }
    const from = sights.length
    const respelled = new Map<string, string>()
    for (const name of request.names ?? [...folder.entries.keys()]) {
      if (random.chance(INTERRUPTED)) await pause()
      // As the real one: the listing confirms a name that is found under another spelling.
      pushSight(tools, sights, name, name === '.' ? folder : folder.entries.get(name))
      const isRespelled = !folder.entries.has(name) && tools.disk.lookUp(folder, name) !== undefined
      const spelling = isRespelled ? createSpellings(new Set(folder.entries.keys()))(name) : undefined
      if (spelling !== undefined) respelled.set(name, spelling)
    }
    const { number, birthTime, mtime, ctime } = folder
    const sight = { deviceNumber: DEVICE, inode: String(number), birthTime, mtime, ctime }
    const seen: LookAnswer = { kind: 'seen', folder: { kind: 'folder', ...sight }, from, to: sights.length, watch }
    return respelled.size === 0 ? seen : { ...seen, respelled }
  }
  const look = async (requests: readonly LookRequest[]): Promise<LookReply> => {
    const sights = createSightsBuilder()
    const answers: LookAnswer[] = []
    for (const request of requests) {
      await pause()
      const answered = await answer(request, sights)
      answers.push(answered)
      tools.note(`look ${request.path} ${request.expected?.inode} ${request.names ?? 'all'}: ${answered.kind}`)
    }
    return { answers, sights: sights.pack(), mountChanges: tools.disk.mountChanges }
  }
  return async (requests) => {
    const reply = turn.then(() => look(requests))
    turn = reply
    const looked = await reply
    await pause()
    return looked
  }
}

function watchFolder(
  { kernel, faults, random }: LookingTools,
  { inotifyFd }: LookRequest,
  folder: Inode,
): WatchOutcome {
  if (inotifyFd === null) return { kind: 'not-asked' }
  if (random.chance(faults.refused)) return { kind: 'refused', errno: ENOSPC }
  const watch = kernel.addWatch(inotifyFd, folder)
  return watch === null ? { kind: 'refused', errno: ENOSPC } : { kind: 'watched', watch }
}

function pushSight(tools: LookingTools, sights: SightsBuilder, name: string, inode: Inode | undefined): void {
  const { disk, faults, random } = tools
  if (name !== '.' && random.chance(faults.unreadable)) {
    sights.pushUnreadable(name, 'EIO: i/o error')
    return
  }
  if (inode === undefined) {
    sights.pushGone(name)
    return
  }
  const { number, birthTime, size, mtime, ctime, entries } = inode
  const kind = entries === null ? 'file' : 'folder'
  const identity = { device: BigInt(DEVICE), inode: BigInt(number), birthTime }
  sights.pushStats(name, { kind, ...identity, size, mtime, exactMtime: null, ctime, links: disk.linksOf(inode) })
}
