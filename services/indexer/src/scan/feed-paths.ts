/** Paths from the name of a watch on, for patterns of paths. */
import type { ConfiguredWatch } from '@drive-feed/shared/config/watches.ts'

export type FeedPaths = {
  /** A watched folder is at another path now: a link on the way leads elsewhere. */
  readonly resolved: (configuredPath: string, path: string) => void
  /** As in `photos/2024` for `/mnt/photos/2024`; the path itself if no watch is around it. */
  readonly of: (path: string) => string
}

export function createFeedPaths(watches: readonly ConfiguredWatch[]): FeedPaths {
  const tops = new Map(watches.map(({ configuredPath, path, name }) => [configuredPath, { path, name }]))
  /** Names of one folder are asked for one after the other. */
  let last = { path: '', feedPath: '' }
  const find = (path: string): string => {
    for (const { path: top, name } of tops.values()) {
      if (path === top) return name
      if (path.startsWith(top === '/' ? top : `${top}/`)) return `${name}${path.slice(top === '/' ? 0 : top.length)}`
    }
    return path
  }
  return {
    resolved: (configuredPath, path) => {
      const watch = tops.get(configuredPath)
      if (watch !== undefined) tops.set(configuredPath, { ...watch, path })
      last = { path: '', feedPath: '' }
    },
    of: (path) => {
      if (last.path !== path) last = { path, feedPath: find(path) }
      return last.feedPath
    },
  }
}
