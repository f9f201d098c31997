/**
 * Says after an install which Node runs the project, if npm itself runs on an older Node. npm's own warnings about that, five
 * lines for each dependency, are switched off in `.npmrc`.
 */
import { readFileSync } from 'node:fs'

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  readonly engines: { readonly node: string }
}
const needed = manifest.engines.node.replace('>=', '')

/** `npm/11.19.1 node/v20.20.2 linux x64`; this script itself runs on the Node of the dependencies. */
const [, version = needed] = /node\/v([\d.]+)/.exec(process.env['npm_config_user_agent'] ?? '') ?? []

if (version.localeCompare(needed, 'en', { numeric: true }) < 0) {
  process.stderr.write(
    `Your Node is ${version}, vivavoce needs ${needed}: \`npm run\` and \`npx\` use Node ${process.versions.node} from the dependencies here.\n`,
  )
}
