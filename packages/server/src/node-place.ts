/** Where this process runs, in words that no two living processes share: by them a node knows on its database what its own predecessor left. */
import { readFile, readlink } from 'node:fs/promises';

/** Reads what Linux tells of the running kernel and the process's network namespace. */
const fromLinux = {
  bootId: async () => (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim(),
  networkNamespace: () => readlink('/proc/self/ns/net'),
};

/**
 * Kernel, network namespace and SIP address. Only one socket at a time can be bound to that address there, so whoever has it knows
 * that any other process of the same place has ended, or at least its calls have.
 *
 * @param sip which this process has bound, over UDP.
 * @returns undefined where the system does not tell, as outside Linux.
 */
export async function placeOf(
  sip: { readonly host: string; readonly port: number },
  system: typeof fromLinux = fromLinux,
): Promise<string | undefined> {
  try {
    const [bootId, networkNamespace] = await Promise.all([system.bootId(), system.networkNamespace()]);
    return `${bootId} ${networkNamespace} ${sip.host}:${sip.port}`;
  } catch {
    return undefined;
  }
}
