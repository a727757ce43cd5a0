/** A database source whose readings do more with each read. */
import type { DatabaseSource, Reading } from '../../services/api/src/feed/database-source.ts'

/**
 * Wraps each reading once: a reading also stands for its database, so one reading must always have the same wrapper.
 */
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
