/** What is written to the CLI's stdin: one JSON object a line. Source: `--input-format stream-json`, 2.1.197 to 2.1.330. */

const toLine = (message: object): string => `${JSON.stringify(message)}\n`

/**
 * A question. The CLI must take it as mere text: left alone it reads a file that the text names with `@` and runs a
 * command that it begins with `/`. The empty last block stops both on every known version, `client_composed` on new ones;
 * a process is moreover started with attachments switched off.
 * `uuid` must be fresh: a line whose uuid was used before is dropped without an answer.
 */
export const encodeUserLine = (text: string, { uuid }: { readonly uuid: string }): string =>
  toLine({
    type: 'user',
    uuid,
    parent_tool_use_id: null,
    client_composed: true,
    message: {
      role: 'user',
      content: [
        { type: 'text', text },
        { type: 'text', text: '' },
      ],
    },
  })

/** A control request; its answer carries `requestId`. */
export const encodeControlLine = (request: object, { requestId }: { readonly requestId: string }): string =>
  toLine({ type: 'control_request', request_id: requestId, request })
