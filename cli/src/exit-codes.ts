/** How `drive-feed` ends, in every subcommand alike. The table is in docs/operating.md. */

/** Done, or the answer is yes. */
export const EXIT_DONE = 0
/** The answer is no, or less than what was asked for could be done: differences, problems, a refusal. */
export const EXIT_NOT_WELL = 1
/** Nothing was done: the command line or the config has a mistake, or what it needs is not there. */
export const EXIT_UNUSABLE = 2
/** A bug (EX_SOFTWARE of sysexits.h): the stack is on standard error. */
export const EXIT_BUG = 70
