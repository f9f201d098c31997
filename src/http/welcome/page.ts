/** The page of a server: plain HTML with one style sheet inside, which the content security policy names by its hash. */
import { createHash } from 'node:crypto'
import { html, raw } from 'hono/html'
import type { Overview } from './overview.ts'

const REFRESH_SECONDS = 3
const PLACEHOLDER = 'http://HOST:PORT/v1'

const STYLE = `
:root { color-scheme: light dark; --text: #1c2024; --dim: #5b6470; --page: #fbfbfa; --panel: #f0f0ee; --good: #18794e; --wait: #8a5a00; --bad: #b42318 }
@media (prefers-color-scheme: dark) { :root { --text: #e8eaed; --dim: #a0a8b3; --page: #16181b; --panel: #23272c; --good: #5ad19a; --wait: #f0b849; --bad: #ff8a7d } }
body { font: 16px/1.55 system-ui, sans-serif; color: var(--text); background: var(--page); max-width: 44rem; margin: 0 auto; padding: 3rem 1.25rem }
h1 { font-size: 1.75rem; margin: 0 } h2 { font-size: 1.05rem; margin: 2rem 0 .4rem }
h1 small { font-size: 1rem; font-weight: normal; color: var(--dim) }
p { margin: .4rem 0 } .dim { color: var(--dim) }
.ready { color: var(--good) } .starting { color: var(--wait) } .unavailable { color: var(--bad) }
pre { background: var(--panel); padding: .8rem 1rem; border-radius: .5rem; overflow-x: auto; font: 14px/1.5 ui-monospace, monospace }
code { font-family: ui-monospace, monospace } ul { margin: .3rem 0; padding-left: 1.2rem } a { color: inherit }
`

export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const WORDS = { ready: 'Ready.', starting: 'Starting.', unavailable: 'Not available.' } as const

const curl = (baseUrl: string): string => `curl -N ${baseUrl}/chat/completions \\
  -H "Authorization: Bearer $API_BEARER_TOKEN" \\
  -d '{"stream": true, "messages": [{"role": "user", "content": "Hello!"}]}'`

/** What a caller gave is escaped by the template. */
export function renderPage({
  version,
  status,
  detail,
  base_url: baseUrl,
  documentation,
}: Overview): string | Promise<string> {
  const refresh = status === 'starting' ? html`<meta http-equiv="refresh" content="${REFRESH_SECONDS}" />` : ''
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        ${refresh}
        <link rel="icon" href="data:," />
        <title>vivavoce</title>
        ${raw(`<style>${STYLE}</style>`)}
      </head>
      <body>
        <h1>vivavoce <small>${version}</small></h1>
        <p class="dim">This server turns a logged-in Claude Code CLI into an OpenAI-compatible API.</p>
        <p><strong class="${status}">${WORDS[status]}</strong> ${detail}</p>
        <h2>Base URL</h2>
        <pre>${baseUrl ?? PLACEHOLDER}</pre>
        <p class="dim">
          Clients of OpenAI take this address and a key of this server. Behind a proxy, use the address of the proxy.
        </p>
        <h2>Try it</h2>
        <pre>${curl(baseUrl ?? PLACEHOLDER)}</pre>
        <p class="dim">
          <code>API_BEARER_TOKEN</code> is the key that the operator set, or that the server made and keeps in
          <code>api-key</code> in its data directory.
        </p>
        <h2>Documentation</h2>
        <ul>
          ${documentation.map(({ title, path }) => html`<li><a href="${path}">${title}</a></li>`)}
        </ul>
        <p class="dim"><a href="/health">/health</a> says how busy the server is.</p>
      </body>
    </html> `
}
