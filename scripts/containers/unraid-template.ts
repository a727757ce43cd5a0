/** Reads docs/unraid.xml as Unraid does: to the arguments of `docker run` that its page of a container would give. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export type TemplateConfig = {
  readonly type: string
  /** The path, port or variable in the container. */
  readonly target: string
  /** The path or port on the host, or the value of the variable, if the owner changes nothing. */
  readonly value: string
  readonly mode: string
  readonly isRequired: boolean
}

export type Template = { readonly extraParams: readonly string[]; readonly configs: readonly TemplateConfig[] }

export function readTemplate(): Template {
  const text = readFileSync(join(import.meta.dirname, '../../docs/unraid.xml'), 'utf8')
  const [, extraParams = ''] = /<ExtraParams>(.*)<\/ExtraParams>/.exec(text) ?? []
  const configs = [...text.matchAll(/<Config\b([^>]*?)(?:\/>|>([^<]*)<\/Config>)/g)].map(
    ([, attributes = '', value]) => {
      const of = (name: string) => new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1] ?? ''
      return {
        ...{ type: of('Type'), target: of('Target'), mode: of('Mode'), isRequired: of('Required') === 'true' },
        value: value === undefined || value === '' ? of('Default') : value,
      }
    },
  )
  return { extraParams: extraParams.split(' '), configs }
}

/** @param filledIn by target, what the owner fills in */
export function argumentsOf({ extraParams, configs }: Template, filledIn: Readonly<Record<string, string>>): string[] {
  const flags = configs.flatMap((config) => {
    const value = filledIn[config.target] ?? config.value
    switch (config.type) {
      case 'Path':
        return value === '' ? [] : ['--volume', `${value}:${config.target}:${config.mode}`]
      case 'Port':
        return ['--publish', `${value}:${config.target}/${config.mode}`]
      default:
        return ['--env', `${config.target}=${value}`]
    }
  })
  return [...flags, ...extraParams]
}
