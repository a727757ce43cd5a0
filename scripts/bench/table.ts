/** Prints rows as a table in Markdown, as docs/performance.md shows them. */
import { median } from './median.ts'
import { type Goal, isReached, type Row, type Ruler, ratioTo, type Unit } from './row.ts'

export const TABLE_HEAD = ['| work | drive-feed | against | ratio | goal | |', '|---|---|---|---|---|---|']

export function tableLine(row: Row): string {
  const { work, unit, ours, rulers, goal } = row
  const ratios = rulers.map((ruler) => (ruler.values.length === 0 ? '—' : ratioTo(ruler, row).toFixed(2)))
  const reached = isReached(row)
  const cells = [
    work,
    `${shown(median(ours), unit)}${spread(ours, unit)}`,
    rulers.map((ruler) => shownRuler(ruler, unit)).join('<br>'),
    ratios.join('<br>'),
    goal === null ? '' : shownGoal(goal, unit),
    reached === null ? '' : reached ? 'reached' : '**missed**',
  ]
  return `| ${cells.join(' | ')} |`
}

function shownRuler({ name, values }: Ruler, unit: Unit): string {
  return values.length === 0 ? `${name}: not installed` : `${shown(median(values), unit)} ${name}`
}

function shownGoal({ of, is, limit }: Goal, unit: Unit): string {
  return `${is} ${of === 'ratio' ? `${limit} ×` : shown(limit, unit)}`
}

function spread(values: readonly number[], unit: Unit): string {
  if (values.length < 2) return ''
  return ` (${shown(Math.min(...values), unit)}–${shown(Math.max(...values), unit)})`
}

/** Three digits, however large the value is. */
function shown(value: number, unit: Unit): string {
  const digits = Math.min(2, Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value) || 1))))
  const number = value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
  if (unit === 'exponent') return `files^${value.toFixed(2)}`
  return unit === '/s' ? `${number}/s` : `${number} ${unit}`
}
