/** Refusals that more than one place gives, and that the description shows as examples. */
import type { Refusal } from './refusal.ts'

export const NO_HOST: Refusal = { status: 400, detail: 'A request needs a Host.' }

export const NO_TOKEN: Refusal = {
  status: 401,
  detail: 'Send the api_token of the config, as in "Authorization: Bearer TOKEN".',
}

export const NO_SUCH_NODE: Refusal = { status: 404, detail: 'There is no node with this id.' }

export const NO_SEAT: Refusal = { status: 503, detail: 'Too many clients are waiting already; ask again in a moment.' }

export const DATABASE_AWAY: Refusal = {
  status: 503,
  detail: 'The database can not be read now; try again in a moment.',
}

export const OTHER_DATABASE = 'The cursor belongs to another database'

/** @param reason why the cursor means nothing here @param feed the epoch and the newest cursor of the database that answers */
export function gone(reason: string, { epoch, head }: { readonly epoch: string; readonly head: number }): Refusal {
  return {
    status: 410,
    detail: `${reason}: forget what was fetched and start again at cursor 0.`,
    members: { epoch, head },
  }
}
