export type Watch = { readonly name: string; readonly path: string }
export type Config = {
  readonly host: string
  readonly port: number
  readonly databasePath: string
  readonly watches: readonly Watch[]
  readonly exclude: readonly string[]
  readonly logPath: string | null
  readonly metadataWorkers: number
  readonly settleMs: number
  readonly rescanHours: number
}
