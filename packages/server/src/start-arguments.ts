/** What `npm start` says to arguments, of which the service takes none: `-- --help`, or a command that was meant for `ringback`. */

const usage = `Usage: npm start

Starts the service. Environment variables and a configuration file say how:

  npm start
  RINGBACK_HTTP_PORT=9000 RINGBACK_DATA_DIR=/var/lib/ringback npm start
  RINGBACK_CONFIG=ringback.yaml npm start

README.md lists the variables, docs/configuration.md the keys of the file. Everything else is a command of its own: npx ringback --help
`;

/** Undefined: there are none, and the service starts. */
export function answerToArguments(
  given: readonly string[],
): { readonly text: string; readonly exitCode: 0 | 2 } | undefined {
  const [first] = given;
  if (first === undefined) return undefined;
  if (first === '--help' || first === '-h') return { text: usage, exitCode: 0 };
  const text = `The service takes no arguments, but "${given.join(' ')}" was given. Commands are npx ringback …; npm start -- --help says more.\n`;
  return { text, exitCode: 2 };
}
