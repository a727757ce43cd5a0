/** Prints the medians of both sides and of their ratio. */
import { median } from './median.ts'
import type { Round } from './round.ts'

export function reportRounds(floorName: string, oursName: string, rounds: readonly Round[], goal: number): void {
  const ratio = median(rounds.map(({ ours, floor }) => ours / floor))
  const seconds = (ms: number) => `${(ms / 1000).toFixed(2)} s`
  console.log(`  ${seconds(median(rounds.map((round) => round.floor))).padStart(8)}  ${floorName}`)
  console.log(`  ${seconds(median(rounds.map((round) => round.ours))).padStart(8)}  ${oursName}`)
  const each = rounds.map(({ ours, floor }) => (ours / floor).toFixed(2)).join(', ')
  console.log(`  ratio ${ratio.toFixed(2)} (goal ${goal} or less; rounds: ${each})`)
}
