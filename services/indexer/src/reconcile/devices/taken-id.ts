/** Whether an id is another node's already. */
import type { NodeQueries } from '../../store/node-queries.ts'
import type { Devices } from './devices.ts'

export type TakenIdTools = {
  readonly layout: { readonly devices: Pick<Devices, 'numberKind'> }
  readonly known: Pick<NodeQueries, 'byId'>
}

/** Where inode numbers last, a node's id is made of its own number, and whoever has that is found by it. */
export function isIdTaken({ layout, known }: TakenIdTools, device: string, nodeId: string): boolean {
  return layout.devices.numberKind(device) === 'passing' && known.byId(nodeId) !== undefined
}
