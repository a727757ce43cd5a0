/** The messages to and from the observer thread. */

import type { ConfiguredWatch } from '@drive-feed/shared/config/watches.ts'
import type { Excludes } from '@drive-feed/shared/exclude.ts'
import type { OwnPaths } from '@drive-feed/shared/own-files.ts'
import type { PackedSights } from '../model/sights.ts'
import type { FilesystemSigns } from './filesystem-signs.ts'
import type { LookAnswer, LookRequest } from './look.ts'

/**
 * `excludes` comes first, once, and has no reply. `progress`: one Int32, in which the thread counts the requests of its
 * present look that are done.
 */
export type ObserverRequest =
  | {
      readonly kind: 'excludes'
      readonly excludes: Excludes
      readonly watches: readonly ConfiguredWatch[]
      readonly own: OwnPaths
      readonly progress: SharedArrayBuffer
    }
  | { readonly kind: 'look'; readonly ticket: number; readonly requests: readonly LookRequest[] }
  | { readonly kind: 'signs'; readonly ticket: number; readonly path: string }
  | { readonly kind: 'mounts'; readonly ticket: number }
  | { readonly kind: 'resolve'; readonly ticket: number; readonly path: string }

export type ObserverReply =
  | {
      readonly kind: 'look'
      readonly ticket: number
      readonly answers: readonly LookAnswer[]
      readonly sights: PackedSights
      /** How often something was mounted or unmounted by the end of the look. */
      readonly mountChanges: number
    }
  | { readonly kind: 'signs'; readonly ticket: number; readonly signs: FilesystemSigns | null }
  | { readonly kind: 'mounts'; readonly ticket: number; readonly mountChanges: number }
  | { readonly kind: 'resolve'; readonly ticket: number; readonly path: string }
