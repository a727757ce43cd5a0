/** Draws how something grows: both axes are logarithmic, so growth in proportion is a line at 45 degrees. */

export type Line = {
  readonly name: string
  readonly points: readonly { readonly at: number; readonly value: number }[]
}

const WIDTH = 720
const HEIGHT = 420
const LEFT = 60
const RIGHT = 190
const TOP = 20
const BOTTOM = 40
const COLOURS = ['#1b6ca8', '#c0392b', '#2e7d32', '#8e44ad', '#b9770e']

/** An SVG picture that is readable on a light and a dark page. */
export function plotSvg(lines: readonly Line[]): string {
  const all = lines.flatMap(({ points }) => points)
  const x = axis(
    all.map(({ at }) => at),
    [LEFT, WIDTH - RIGHT],
  )
  const y = axis(
    all.map(({ value }) => value),
    [HEIGHT - BOTTOM, TOP],
  )
  const across = y.marks.map(
    (mark) =>
      `<path d="M${LEFT} ${y.at(mark)}H${WIDTH - RIGHT}"/><text x="${LEFT - 8}" y="${y.at(mark) + 4}">${mark}</text>`,
  )
  const up = x.marks.map(
    (mark) =>
      `<path d="M${x.at(mark)} ${TOP}V${HEIGHT - BOTTOM}"/><text x="${x.at(mark) + 20}" y="${HEIGHT - BOTTOM + 20}">${mark.toLocaleString('en')}</text>`,
  )
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">
<title>Growth with the number of files</title>
<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>
<g stroke="#ddd" fill="#555" text-anchor="end">
${[...across, ...up].join('\n').replaceAll('<text', '<text stroke="none"')}
</g>
${lines.map((line, at) => drawn(line, COLOURS[at % COLOURS.length] as string, { x: x.at, y: y.at })).join('\n')}
</svg>
`
}

function drawn(
  { name, points }: Line,
  colour: string,
  { x, y }: { readonly x: (value: number) => number; readonly y: (value: number) => number },
): string {
  const places = points.map(({ at, value }) => `${x(at)},${y(value)}`)
  const last = points.at(-1)
  const label =
    last === undefined ? '' : `<text x="${x(last.at) + 10}" y="${y(last.value) + 4}" fill="${colour}">${name}</text>`
  return `<polyline points="${places.join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>${label}`
}

/** Powers of ten around all values, and where each value lies on the way between two pixels. */
function axis(values: readonly number[], [from, to]: readonly [number, number]) {
  const low = Math.floor(Math.log10(Math.min(...values)))
  const high = Math.ceil(Math.log10(Math.max(...values)))
  const at = (value: number) => Math.round((from + ((Math.log10(value) - low) / (high - low)) * (to - from)) * 10) / 10
  return { at, marks: Array.from({ length: high - low + 1 }, (_, step) => Number(`1e${low + step}`)) }
}
