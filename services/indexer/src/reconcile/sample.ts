/** Looking for what is known below a place, to recognise its filesystem. */
import type { LookReply, Observer } from '../scan/observer.ts'
import type { Identity } from '../scan/sight.ts'
import { sightAt } from '../scan/sights.ts'
import type { Known, KnownNodes } from '../store/known.ts'
import type { Sample } from './recognise-device.ts'
import { isSameBirth } from './seen.ts'

const SAMPLE_MAX = 64

/**
 * Looks for the first known children of `row` at `path`, the place where the row is known and `top` was seen. Null when
 * nothing can be said now: what could not be looked at is not another filesystem.
 */
export async function takeSample(
  known: KnownNodes,
  observer: Pick<Observer, 'look'>,
  { path, top, row }: { path: string; top: Pick<Identity, 'inode' | 'birthTime'>; row: Known | undefined },
): Promise<Sample | null> {
  if (row === undefined || row.device === '') return { device: '', isSameTop: false, looked: 0, matched: 0 }
  const children = known.children(row.nodeId).slice(0, SAMPLE_MAX)
  const names = children.map((child) => child.name)
  const reply = await observer.look([{ path, expected: null, names, inotifyFd: null }])
  const kind = reply.answers[0]?.kind
  if (kind === 'unreadable' || kind === 'later') return null
  const isSameTop = row.inode === top.inode && isSameBirth(row, top)
  return { device: row.device, isSameTop, looked: children.length, matched: countMatches(reply, children) }
}

function countMatches({ answers: [answer], sights }: LookReply, children: readonly Known[]): number {
  if (answer?.kind !== 'seen') return 0
  const { from } = answer
  return children.filter((child, offset) => {
    const sight = sightAt(sights, from + offset)
    if (sight.kind === 'folder') return child.isDirectory && sight.inode === child.inode
    if (sight.kind !== 'file' || sight.inode !== child.inode) return false
    return sight.size === child.size && sight.mtime === child.mtime
  }).length
}
