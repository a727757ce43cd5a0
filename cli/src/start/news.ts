/** What is new among the problems: each is told when it appears and when it has passed, once. */

/** `key` stays the same while numbers in the text change. */
export type ToldProblem = { readonly key: string; readonly line: string }

export type News = {
  /** The lines to tell, given the problems of now. */
  readonly of: (problems: readonly ToldProblem[]) => string[]
  readonly hasProblems: () => boolean
}

export function createNews(): News {
  let told = new Map<string, string>()
  return {
    of: (problems) => {
      const now = new Map(problems.map(({ key, line }) => [key, told.get(key) ?? line]))
      const appeared = problems.filter(({ key }) => !told.has(key)).map(({ line }) => `Problem: ${line}`)
      const passed = [...told].filter(([key]) => !now.has(key)).map(([, line]) => `Passed: ${line}`)
      told = now
      return [...passed, ...appeared]
    },
    hasProblems: () => told.size > 0,
  }
}
