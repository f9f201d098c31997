import { PASSED_ON_FOR_THE_RECORD } from './cli-environment.ts'
import { setting, settingNames } from './settings.ts'

/** The reference page of the settings, as Markdown. */
export function configReference(): string {
  const rows = settingNames.map((name) => {
    const { default: fallback, defaultText, tells } = setting(name)
    return `| \`${name}\` | ${fallback === undefined ? (defaultText ?? 'none') : `\`${fallback}\``} | ${tells} |`
  })
  return `# Configuration

Settings come from the environment, or from a file in the form \`NAME=value\`, a line each, whose path is in \`VIVAVOCE_CONFIG\`;
the environment goes first. An empty value counts as unset. All problems are reported at once, at start. This page is printed
by \`vivavoce config --reference\`.

| setting | default | what it does |
| --- | --- | --- |
${rows.join('\n')}

## What the CLI gets

A child's environment holds these variables of ours, where they are set, and nothing else but what vivavoce itself fixes:
${PASSED_ON_FOR_THE_RECORD.names.map((name) => `\`${name}\``).join(', ')}, \`LC_*\`.
With \`CLAUDE_CODE_USE_BEDROCK=1\` also ${PASSED_ON_FOR_THE_RECORD.bedrock}; with \`CLAUDE_CODE_USE_VERTEX=1\` also ${PASSED_ON_FOR_THE_RECORD.vertex}.
`
}
