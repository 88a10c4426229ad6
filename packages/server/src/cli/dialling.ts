/** `ringback dialling`: the kill switch. Stops and starts dialling on every node, beside a running service or without one. */
import { Command } from 'commander';
import { type DiallingSwitch, openOperatorStore } from '../store/operator-store.ts';
import { whereStateIs, withState } from './with-state.ts';

const examples = `
Examples:
  ringback dialling stop --reason 'calls to unknown numbers'
      no number is dialled from now on; new requests are refused; calls under way go on

  ringback dialling stop --end-calls
      the same, and calls under way end

  ringback dialling start
  ringback dialling status

The switch keeps its position over restarts. ${whereStateIs}`;

/** Longest reason; it is repeated to callers. */
const maxReasonLength = 200;

/** The command with its three subcommands; `print` writes one line to stdout. */
export function diallingCommand(print: (text: string) => void): Command {
  const dialling = new Command('dialling')
    .description('stop and start dialling (the kill switch)')
    .addHelpText('afterAll', examples);

  dialling
    .command('stop')
    .description('dial nobody from now on')
    .option('--reason <text>', 'told to callers whose requests are refused')
    .option('--end-calls', 'end the calls under way, too', false)
    .option('--json', 'print JSON', false)
    .action(async (options: { reason?: string; endCalls: boolean; json: boolean }) => {
      const now = await withState(async (database) => {
        const store = openOperatorStore(database);
        await store.stopDialling({
          reason: options.reason?.slice(0, maxReasonLength),
          callsUnderWay: options.endCalls ? 'end' : 'keep',
          nowMs: Date.now(),
        });
        return store.diallingSwitch();
      });
      tell(now, options, print);
    });

  dialling
    .command('start')
    .description('dial again')
    .option('--json', 'print JSON', false)
    .action(async (options: { json: boolean }) => {
      const now = await withState(async (database) => {
        const store = openOperatorStore(database);
        await store.startDialling();
        return store.diallingSwitch();
      });
      tell(now, options, print);
    });

  dialling
    .command('status')
    .description('say whether dialling is stopped')
    .option('--json', 'print JSON', false)
    .action(async (options: { json: boolean }) => {
      const now = await withState((database) => openOperatorStore(database).diallingSwitch());
      tell(now, options, print);
    });
  return dialling;
}

function tell(
  { stopped }: DiallingSwitch,
  { json }: { readonly json: boolean },
  print: (text: string) => void,
): void {
  const since = stopped && new Date(stopped.atMs).toISOString();
  if (json) {
    print(JSON.stringify({ Dialling: stopped ? 'stopped' : 'on', Since: since, Reason: stopped?.reason }));
  } else if (stopped) {
    print(`Dialling is stopped since ${since}${stopped.reason ? `: ${stopped.reason}` : ''}.`);
  } else {
    print('Dialling is on, unless a configuration pauses it (dialling.paused; /health tells).');
  }
}
