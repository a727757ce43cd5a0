/** The original's meaning of `is_image` and `is_video`: the MIME type's first part. */
export function mediaKind(mimeType: string): { readonly isImage: boolean; readonly isVideo: boolean } {
  return { isImage: mimeType.startsWith('image/'), isVideo: mimeType.startsWith('video/') }
}
