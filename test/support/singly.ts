/** Pages of an answer as single changes, whichever way each was read. */
import type { Page } from '../../services/api/src/feed/changes-reader.ts'
import type { SeenChange } from '../../services/api/src/feed/view.ts'

type Single = Pick<SeenChange, 'nodeId' | 'isRemoved' | 'shown' | 'path' | 'name'>

export function singly(pages: Iterable<Page>): Single[] {
  return [...pages].flat().flatMap((one): Single[] => {
    if (!('json' in one)) return [one]
    const changes = JSON.parse(`[${one.json}]`) as { node: { id: string } }[]
    return changes.map((change) => ({ nodeId: change.node.id, isRemoved: false, shown: JSON.stringify(change) }))
  })
}
