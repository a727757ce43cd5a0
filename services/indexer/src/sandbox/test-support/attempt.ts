/** The result of something that may be refused: `done`, the code of the error, or the error itself. */
export function attempt(work: () => unknown): string {
  try {
    work()
    return 'done'
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error)
  }
}
