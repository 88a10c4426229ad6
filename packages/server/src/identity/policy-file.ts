/** A policy in a file of its own: JSON, or YAML for those who like comments. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { describePolicyProblem, type Policy, readPolicy } from './policy.ts';

/** The file cannot be used as a policy; the message lists every mistake with its place in the document. */
export class PolicyFileUnusable extends Error {
  override readonly name = 'PolicyFileUnusable';
}

/** Where a policy is that a configuration file names: relative to that file. */
export function policyFileBeside(configFile: string, policy: string): string {
  return path.resolve(path.dirname(configFile), policy);
}

/**
 * Reads and checks a policy.
 *
 * @throws {PolicyFileUnusable} it cannot be read, is neither JSON nor YAML, or has mistakes.
 */
export function readPolicyFile(file: string): { readonly document: object; readonly policy: Policy } {
  const document = parsed(file);
  const reading = readPolicy(document);
  if (!reading.ok) {
    const lines = reading.problems.map((problem) => `  ${file} ${describePolicyProblem(problem)}`);
    throw new PolicyFileUnusable(`The policy has ${lines.length} mistake(s):\n${lines.join('\n')}`);
  }
  return { document: document as object, policy: reading.policy };
}

function parsed(file: string): unknown {
  try {
    return parse(readFileSync(file, 'utf8'), { maxAliasCount: 50 }) as unknown;
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new PolicyFileUnusable(`The policy file ${file} cannot be read: ${reason}`, { cause: error });
  }
}
