/** What an owner asked for is not done. The message is one line for people, or a line and a list. */
export class Refusal extends Error {
  override name = 'Refusal'
}
