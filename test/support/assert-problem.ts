import assert from 'node:assert/strict'

/** Asserts that the answer is a problem with this status. Gives the problem. */
export async function assertProblem(
  response: Response,
  status: number,
): Promise<{ detail: string; epoch?: string; head?: number }> {
  assert.equal(response.status, status)
  assert.match(response.headers.get('content-type') ?? '', /^application\/problem\+json/)
  const problem = (await response.json()) as { status: number; detail: string }
  assert.deepEqual(Object.keys(problem).slice(0, 4), ['type', 'title', 'status', 'detail'])
  assert.equal(problem.status, status)
  return problem
}
