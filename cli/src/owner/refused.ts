/** Refusals of the indexer's commands as ends of this program. */
import { CommandError } from '../command.ts'
import { EXIT_NOT_WELL } from '../exit-codes.ts'

/** Runs `work`. A `Refusal`, known by its name since its class may not be in this image, ends the command with its message and exit code 1. */
export async function refused<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (error instanceof Error && error.name === 'Refusal') throw new CommandError(error.message, EXIT_NOT_WELL)
    throw error
  }
}
