/** Recorded audio in the media engine: the versions that were played lately, within a budget of memory. */
import type { MediaEngine } from '@ringback/media';

/** Most memory of recorded audio in the media engine, bytes: nine hours of µ-law. */
const defaultBudgetBytes = 256 * 1024 * 1024;

export interface PlayableAudio {
  /**
   * Makes audio playable under `key` and gives the id to play. It is loaded when the key is new (or was let go of, or is
   * older than `keptForMs`); who asks meanwhile shares the loading.
   */
  prepare(key: string, load: () => Promise<Uint8Array>): Promise<string>;
}

export interface PlayableAudioOptions {
  readonly clock: { now(): number };
  readonly keptForMs?: number;
  readonly budgetBytes?: number;
}

type Engine = Pick<MediaEngine, 'loadPrompt' | 'unloadPrompt'>;

export function openPlayableAudio(
  media: Engine,
  { clock, keptForMs = Number.POSITIVE_INFINITY, budgetBytes = defaultBudgetBytes }: PlayableAudioOptions,
): PlayableAudio {
  interface Entry {
    readonly id: Promise<string>;
    readonly untilMs: number;
    loaded: { readonly id: string; readonly sizeBytes: number } | undefined;
  }
  // In the order of their last use.
  const entries = new Map<string, Entry>();
  let loads = 0;
  let sizeBytes = 0;

  function letGo(key: string, entry: Entry): void {
    if (entries.get(key) === entry) entries.delete(key);
    if (!entry.loaded) return;
    media.unloadPrompt(entry.loaded.id);
    sizeBytes -= entry.loaded.sizeBytes;
    entry.loaded = undefined;
  }

  return {
    prepare(key, load) {
      const known = entries.get(key);
      if (known && known.untilMs > clock.now()) {
        entries.delete(key);
        entries.set(key, known);
        return known.id;
      }
      if (known) letGo(key, known);
      const entry: Entry = {
        id: load().then((mulaw) => {
          // A number of its own, so that what is let go of never is what was loaded since.
          loads += 1;
          const id = `${key} ${loads}`;
          media.loadPrompt(id, mulaw);
          entry.loaded = { id, sizeBytes: mulaw.byteLength };
          sizeBytes += mulaw.byteLength;
          // Let go of while it was loading: whoever asked still plays it, and its memory stays counted.
          if (entries.get(key) !== entry) entries.set(id, entry);
          for (const [oldestKey, oldest] of entries) {
            if (sizeBytes <= budgetBytes) break;
            if (oldest !== entry) letGo(oldestKey, oldest);
          }
          return id;
        }),
        untilMs: clock.now() + keptForMs,
        loaded: undefined,
      };
      entries.set(key, entry);
      // The asker is told; the next one tries again.
      entry.id.catch(() => letGo(key, entry));
      return entry.id;
    },
  };
}
