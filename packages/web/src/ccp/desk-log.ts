// What happened on this page, for support: kept in memory, bounded, and saved as a text file when the agent asks for it. The snapshots in it
// hold what was on the screen, a contact's description among it.

interface Entry {
  readonly at: string;
  readonly what: string;
  readonly detail?: unknown;
}

const mostEntries = 2000;
const entries: Entry[] = [];

export function note(what: string, detail?: unknown): void {
  entries.push({ at: new Date().toISOString(), what, ...(detail === undefined ? {} : { detail }) });
  if (entries.length > mostEntries) entries.splice(0, entries.length - mostEntries);
}

/** Saves the log as `agent-log.txt`, the name that support asks for. */
export function saveLog(): void {
  const lines = entries.map(
    ({ at, what, detail }) => `${at} ${what}${detail === undefined ? '' : ` ${JSON.stringify(detail)}`}`,
  );
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([`${lines.join('\n')}\n`], { type: 'text/plain' }));
  link.download = 'agent-log.txt';
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
