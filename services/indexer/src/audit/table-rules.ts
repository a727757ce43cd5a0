/** What must be true of the tables after every transaction, whatever is on the disk. */
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'
import type Database from 'better-sqlite3'

/** Each query gives what breaks the rule. */
const RULES: Readonly<Record<string, string>> = {
  'I3: not after its parent in the log': `
    SELECT child.node_id FROM nodes child JOIN nodes parent ON parent.node_id = child.parent_id
    WHERE parent.node_id <> '${SUPER_ROOT_ID}' AND child.change_id <= parent.change_id`,
  'I4: a node without its parent': `
    SELECT node_id FROM nodes WHERE node_id <> '${SUPER_ROOT_ID}'
    AND (parent_id IS NULL OR parent_id NOT IN (SELECT node_id FROM nodes WHERE is_directory))`,
  'I11: two nodes at one place': `
    SELECT min(node_id) FROM nodes GROUP BY parent_id, name HAVING count(*) > 1`,
  'a node without its row in the log': `
    SELECT nodes.node_id FROM nodes LEFT JOIN changes USING (change_id)
    WHERE nodes.node_id <> '${SUPER_ROOT_ID}' AND (changes.node_id IS NOT nodes.node_id OR is_removed)`,
  'a node with two rows in the log': 'SELECT node_id FROM changes GROUP BY node_id HAVING count(*) > 1',
  'a row in the log without its node': `
    SELECT node_id FROM changes WHERE NOT is_removed AND node_id NOT IN (SELECT node_id FROM nodes)`,
  'a tombstone of a node that lives': `
    SELECT node_id FROM changes WHERE is_removed AND node_id IN (SELECT node_id FROM nodes)`,
  'its first change is after its latest': 'SELECT node_id FROM changes WHERE first_change_id > change_id',
  'it came to its path after its latest change, or never': `
    SELECT node_id FROM nodes WHERE node_id <> '${SUPER_ROOT_ID}' AND moved_change_id NOT BETWEEN 1 AND change_id`,
  'the place of a removal without a tombstone': `
    SELECT name FROM removals WHERE change_id NOT IN (SELECT change_id FROM changes WHERE is_removed)`,
  'I13: a run that begins beyond the newest cursor': `
    SELECT run_id FROM runs WHERE first_change_id > (SELECT seq FROM sqlite_sequence WHERE name = 'changes')`,
  'I5: a row beyond the newest cursor': `
    SELECT node_id FROM changes WHERE change_id > (SELECT seq FROM sqlite_sequence WHERE name = 'changes')`,
}

/** One line for each node that breaks a rule, with its id. Every rule reads a whole table once. */
export function* brokenTableRules(sqlite: Database.Database): Generator<string> {
  for (const [rule, query] of Object.entries(RULES)) {
    for (const nodeId of sqlite.prepare<[], string>(query).pluck().all()) yield `${nodeId}: ${rule}`
  }
}
