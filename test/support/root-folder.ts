import type { RootFolder } from '../../services/indexer/src/model/folder-tree.ts'

/** A root at `/KEY` that is listed, without an inotify instance, and in no tree yet. */
export function rootFolder(key = 'media', other: Partial<RootFolder> = {}): RootFolder {
  return { key, path: `/${key}`, top: null, isListed: true, inotifyFd: null, byWatch: new Map(), ...other }
}
