/** A worker on a machine that lacks a library. */
import { loadLibrary } from '../load-library.ts'
import { serveJobs } from '../serve-jobs.ts'

serveJobs(() => {
  loadLibrary('libnowhere.so.7', 'libnowhere7')
  throw new Error('the library is there')
})
