/** Whether an id is another node's already. */
import type { NodeQueries } from '../../store/node-queries.ts'
import type { Devices } from './devices.ts'

export type TakenIdTools = {
  readonly layout: { readonly devices: Pick<Devices, 'numberKind'> }
  readonly known: Pick<NodeQueries, 'byId'>
}

/** If inode numbers last, an id is made of the node's own number, so the node that has the id is found by the number. */
export function isIdTaken({ layout, known }: TakenIdTools, device: string, nodeId: string): boolean {
  return layout.devices.numberKind(device) === 'passing' && known.byId(nodeId) !== undefined
}
