import { PASSED_ON_FOR_THE_RECORD } from './cli-environment.ts'
import { setting, settingNames } from './settings.ts'

/** The reference page of the settings, as Markdown. */
export function configReference(): string {
  const rows = settingNames.map((name) => {
    const { default: fallback, defaultText, tells } = setting(name)
    return `| \`${name}\` | ${fallback === undefined ? (defaultText ?? 'none') : `\`${fallback}\``} | ${tells} |`
  })
  const secrets = settingNames
    .filter((name) => setting(name).secret === true)
    .map((name) => `\`${name}\``)
    .join(', ')
  return `# Configuration

Settings come from options of the command, from the environment, and from a file of \`NAME=value\` lines that \`--config\` or
\`VIVAVOCE_CONFIG\` names, in this order: an option goes before the environment, and the environment before the file. An empty
value counts as unset. All problems are reported at once, at start, those of the file with their lines. \`vivavoce config\`
prints each value in force and its source; \`vivavoce config --reference\` prints this page.

The option of a setting has its name: \`--data-dir\` for \`VIVAVOCE_DATA_DIR\`, \`--max-concurrency\` for \`MAX_CONCURRENCY\`;
\`--model\` is \`VIVAVOCE_DEFAULT_MODEL\`. Secrets (${secrets}) have no option, because options show in the list of processes.
In paths \`~\` and \`~/…\` stand for the home directory.

| setting | default | what it does |
| --- | --- | --- |
${rows.join('\n')}

## What the CLI gets

A child's environment holds these variables of ours, where they are set, and nothing else but what vivavoce itself fixes:
${PASSED_ON_FOR_THE_RECORD.names.map((name) => `\`${name}\``).join(', ')}, \`LC_*\`.
The configuration file may set those that begin with \`ANTHROPIC_\` or \`CLAUDE_\`, the proxies and the certificates; the
environment goes first. Keep such a file readable by its owner alone.
With \`CLAUDE_CODE_USE_BEDROCK=1\` also ${PASSED_ON_FOR_THE_RECORD.bedrock}; with \`CLAUDE_CODE_USE_VERTEX=1\` also ${PASSED_ON_FOR_THE_RECORD.vertex}.
`
}
