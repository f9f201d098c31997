/** One entry of `GET /v1/models`. `created` is in seconds since the epoch. */
export const encodeModel = (id: string, { created }: { readonly created: number }) => ({
  id,
  object: 'model' as const,
  created,
  owned_by: 'vivavoce',
})

export const encodeModelList = (ids: readonly string[], options: { readonly created: number }) => ({
  object: 'list' as const,
  data: ids.map((id) => encodeModel(id, options)),
})
