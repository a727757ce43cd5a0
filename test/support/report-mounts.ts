/** A program that watches mounts, mounts a filesystem on its first argument, and ends with 0 when that was reported. */
import { execFileSync } from 'node:child_process'
import { startDrain } from '../../services/indexer/src/watch/drain.ts'
import { until } from './until.ts'

const [path] = process.argv.slice(2) as [string]
let reports = 0
const drain = startDrain({
  onBytes: () => {},
  onDropped: () => {},
  onMounts: () => {
    reports += 1
  },
  onCrash: (error) => {
    throw error
  },
})
// Mounts from before the thread began to watch are not reported, so wait until it watches.
await drain.drained()
reports = 0
execFileSync('mount', ['-t', 'tmpfs', 'drive-feed-test', path])
await until('the mount to be reported', () => reports > 0)
reports = 0
execFileSync('umount', [path])
await until('the unmount to be reported', () => reports > 0)
await drain.stop()
console.log('both were reported')
