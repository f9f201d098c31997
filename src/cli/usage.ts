/** Of the whole command. */
export const USAGE = `usage: vivavoce <command>

  serve [--rehearsal]   serve until stopped; --rehearsal puts a stand-in for the model API behind the CLI
  demo [--live]         show it at work on the rehearsal; --live uses the login of the CLI
  doctor                check what serving needs
  config [--reference]  print the settings in force, or the reference page of all settings
  jobs <command>        submit, list, follow and cancel background runs on a server that is up
  conversations <command>
                        list, show and forget the conversations that it keeps
  help                  print this; \`vivavoce jobs --help\` and the like tell more
`
