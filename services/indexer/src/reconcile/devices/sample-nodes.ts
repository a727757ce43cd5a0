/** Looks for what is known below a place, to recognise its filesystem. */
import { isPassing } from '@drive-feed/shared/passing-errors.ts'
import type { KnownNode } from '../../model/known-node.ts'
import { isSameBirth } from '../../model/observation.ts'
import type { Identity, Sight } from '../../model/sight.ts'
import { sightAt } from '../../model/sights.ts'
import type { LookAnswer, LookRequest } from '../../scan/look.ts'
import type { LookReply, Observer } from '../../scan/observer.ts'
import type { NodeQueries } from '../../store/node-queries.ts'
import type { Sample } from './recognise-device.ts'

const SAMPLE_MAX = 64
/** Folders in which known files are looked for. */
const FOLDERS_MAX = 32

type Place = {
  readonly path: string
  readonly top: Pick<Identity, 'inode' | 'birthTime'>
  readonly row: KnownNode | undefined
}

/**
 * Looks at `path`, where `row` is known and `top` was seen, for the first known children of the row and for some known files
 * below. Null if nothing can be said now: a place that can't be looked at is not another filesystem.
 */
export async function takeSample(
  known: NodeQueries,
  observer: Pick<Observer, 'look'>,
  { path, top, row }: Place,
): Promise<Sample | null> {
  if (row === undefined || row.device === '') return NOTHING_KNOWN
  const children = known.children(row.nodeId).slice(0, SAMPLE_MAX)
  const { device } = row
  const groups = [{ path, rows: children }, ...filesBelow(known, path, children)]
  const requests = groups.map((group): LookRequest => {
    return { path: group.path, expected: null, names: group.rows.map(({ name }) => name), inotifyFd: null }
  })
  const reply = await observer.look(requests)
  const [own] = reply.answers
  if (own?.kind === 'unreadable' || own?.kind === 'later') return null
  const isSameTop = row.inode === top.inode && isSameBirth(row, top)
  // What can't be read now says nothing.
  const isReadable = (at: number) => reply.answers[at]?.kind === 'seen' || reply.answers[at]?.kind === 'elsewhere'
  const sights = groups.flatMap((group, at) => (isReadable(at) ? sightsOf(reply, at, group.rows) : []))
  const here = sights.slice(0, children.length)
  const files = sights.filter(([child]) => !child.isDirectory)
  if (files.length === 0 && reply.answers.some(willPass)) return null
  // Folders have no size or time to tell them apart. They count only if no file is known.
  const placed = files.length > 0 ? files : here
  return {
    ...{ device, isSameTop, looked: here.length, placesLooked: placed.length },
    matched: here.filter(([child, sight]) => isSameInode(child, sight)).length,
    placed: placed.filter(([child, sight]) => isSamePlace(child, sight)).length,
  }
}

const NOTHING_KNOWN: Sample = { device: '', isSameTop: false, looked: 0, matched: 0, placesLooked: 0, placed: 0 }

/** Whether the folder was not looked at, or was refused for a moment: then the caller asks again. */
function willPass(answer: LookAnswer): boolean {
  return answer.kind === 'later' || (answer.kind === 'unreadable' && isPassing(answer.problem))
}

/** Some of the known files below, folder by folder from the top. */
function filesBelow(
  known: NodeQueries,
  top: string,
  children: readonly KnownNode[],
): { readonly path: string; readonly rows: readonly KnownNode[] }[] {
  const groups: { path: string; rows: KnownNode[] }[] = []
  const folders = children.filter(isFolder).map((row) => ({ path: `${top}/${row.name}`, row }))
  let files = children.length - folders.length
  for (const { path, row } of folders) {
    if (files >= SAMPLE_MAX || groups.length >= FOLDERS_MAX) break
    const inside = known.children(row.nodeId)
    const some = inside.filter((child) => !child.isDirectory).slice(0, SAMPLE_MAX - files)
    files += some.length
    if (some.length > 0) groups.push({ path, rows: some })
    if (folders.length < FOLDERS_MAX * 2) {
      folders.push(...inside.filter(isFolder).map((child) => ({ path: `${path}/${child.name}`, row: child })))
    }
  }
  return groups
}

function isFolder({ isDirectory }: KnownNode): boolean {
  return isDirectory
}

/** What was seen at the places of these rows: `gone` if their folder was not found. */
function sightsOf({ answers, sights }: LookReply, at: number, rows: readonly KnownNode[]): [KnownNode, Sight][] {
  const answer = answers[at]
  return rows.map((row, offset): [KnownNode, Sight] => {
    return [row, answer?.kind === 'seen' ? sightAt(sights, answer.from + offset) : { kind: 'gone' }]
  })
}

function isSameInode(row: KnownNode, sight: Sight): boolean {
  if (sight.kind === 'folder') return row.isDirectory && sight.inode === row.inode
  return sight.kind === 'file' && sight.inode === row.inode && isSamePlace(row, sight)
}

function isSamePlace(row: KnownNode, sight: Sight): boolean {
  if (sight.kind === 'folder') return row.isDirectory
  return sight.kind === 'file' && !row.isDirectory && sight.size === row.size && sight.mtime === row.mtime
}
