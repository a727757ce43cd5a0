/** A database source whose readings do something more with each read, for tests. */
import type { DatabaseSource, Reading } from '../../services/api/src/feed/database-source.ts'

/** Wraps each reading once: a reading also stands for its database, so the same one must stay the same. */
export function wrappedReadings(source: DatabaseSource, wrap: (reading: Reading) => Reading): DatabaseSource {
  const wrapped = new WeakMap<Reading, Reading>()
  return {
    ...source,
    open: () => {
      const reading = source.open()
      const known = wrapped.get(reading) ?? wrap(reading)
      wrapped.set(reading, known)
      return known
    },
  }
}
