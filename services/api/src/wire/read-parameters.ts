/** Checks a request's query against the parameters that its route takes. */
import type { z } from 'zod'

export type Parameters = Readonly<Record<string, z.ZodType>>
export type ParameterValues<P extends Parameters> = { readonly [Name in keyof P]: z.output<P[Name]> }

export type ReadParameters<P extends Parameters> =
  | { readonly ok: true; readonly values: ParameterValues<P> }
  | { readonly ok: false; readonly detail: string }

/**
 * Ignores names that the route does not take, as the original program does.
 *
 * @returns the values, or what is wrong with the first parameter that is not allowed
 */
export function readParameters<P extends Parameters>(
  parameters: P,
  query: Readonly<Record<string, unknown>>,
): ReadParameters<P> {
  const values: Record<string, unknown> = {}
  for (const [name, schema] of Object.entries(parameters)) {
    const result = schema.safeParse(Object.hasOwn(query, name) ? query[name] : undefined)
    if (!result.success) return { ok: false, detail: result.error.issues[0]?.message ?? `${name} is not valid.` }
    values[name] = result.data
  }
  return { ok: true, values: values as ParameterValues<P> }
}
