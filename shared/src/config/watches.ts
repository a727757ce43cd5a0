/** Watched folders as the config has them. */

export type Watch = { readonly name: string; readonly path: string }
/** `path` has its symbolic links resolved if folders are checked; `configuredPath` is as it was written. */
export type ConfiguredWatch = Watch & { readonly configuredPath: string }
