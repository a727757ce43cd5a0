/**
 * Shows I1 to I13 in one short history on each of some filesystems, mounted for it alone. Longer ones, and all
 * filesystems: `npm run churn -- --filesystem=all`.
 */
import { suite, test } from 'node:test'
import { noFigures } from './churn.ts'
import { FILESYSTEMS, type Filesystem } from './filesystems.ts'
import { type History, QUIET_ROUND, type Remount, type Round, type Step, stepsOf } from './history.ts'
import { noFilesystem } from './mounted-disk.ts'
import { runHistory } from './run-history.ts'

function steps(...names: readonly Step['do'][]): Step[] {
  return stepsOf(names, (index) => index * 104_729 + 3)
}

const CHANGES = steps(
  ...(['makeTree', 'create', 'create', 'truncateByPath', 'touchModified', 'linkAndWriteOn', 'nameUnnamed'] as const),
  ...([
    'map',
    'writeMapped',
    'move',
    'changeCase',
    'lease',
    'bindFolder',
    'unbind',
    'makeSubvolume',
    'snapshot',
  ] as const),
)

/** A history with remounts: all is the same afterwards, in whatever order it is looked at first. */
function historyOn({ survivesUnmount }: Filesystem): History {
  const changes: Round = { ...QUIET_ROUND, before: CHANGES }
  const calm: Round = { ...QUIET_ROUND, isCalm: true, before: steps('move', 'rename', 'changeCase', 'exchange') }
  if (!survivesUnmount) return [changes, calm]
  const again = (indexer: Remount['indexer']): Remount => ({
    kind: 'remount',
    indexer,
    order: 'reverse',
    what: 'quiet',
    at: 0,
  })
  return [changes, { ...calm, treatment: again('stopped') }, { ...QUIET_ROUND, treatment: again('running') }]
}

/** Filesystems that need only the kernel, and two whose inode numbers do not last, if their packages are installed. */
const SHORT = ['tmpfs', 'overlay', 'ext4', 'mergerfs', 'exfat']

function reasonToSkip(filesystem: Filesystem): string | false {
  if (SHORT.includes(filesystem.name)) return noFilesystem(filesystem)
  return `takes too long here: npm run churn -- --filesystem=${filesystem.name}`
}

// Most of a history is waiting for quiet, so that some can run side by side.
suite('I1, I2, I12: the nodes and every replay equal the disk on', { concurrency: 3 }, () => {
  for (const [at, filesystem] of FILESYSTEMS.entries()) {
    test(filesystem.name, { skip: reasonToSkip(filesystem) }, () =>
      runHistory(historyOn(filesystem), noFigures(), { filesystem, layout: at % 2 === 0 ? 'folders' : 'top' }),
    )
  }
})
