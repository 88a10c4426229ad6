/** The WebRTC voice activity detector, compiled to WASM (`@echogarden/fvad-wasm`). Its module is loaded once a thread. */
import loadFvad from '@echogarden/fvad-wasm';

/** The detector's module; `load` it before detectors are made. */
export type WebRtcVadModule = Awaited<ReturnType<typeof loadFvad>>;

export function loadWebRtcVad(): Promise<WebRtcVadModule> {
  return loadFvad();
}

const RATE = 8_000;
/** Of 0 … 3, how much it takes to be called speech. */
const MODE = 2;
/** Largest frame, bytes: 20 ms. */
const FRAME_BYTES = 320;

export class WebRtcVad {
  readonly #module: WebRtcVadModule;
  readonly #handle: number;
  readonly #frame: number;
  #isFreed = false;

  constructor(module: WebRtcVadModule) {
    this.#module = module;
    this.#handle = module._fvad_new();
    this.#frame = module._malloc(FRAME_BYTES);
    if (this.#handle === 0 || this.#frame === 0)
      throw new RangeError('no memory for a voice activity detector');
    module._fvad_set_sample_rate(this.#handle, RATE);
    module._fvad_set_mode(this.#handle, MODE);
  }

  /** Judges 20 ms of 8 kHz audio. */
  isSpeech(pcm: Int16Array): boolean {
    // Growing memory replaces the view, so it is read each time.
    this.#module.HEAP16.set(pcm, this.#frame >> 1);
    return this.#module._fvad_process(this.#handle, this.#frame, pcm.length) === 1;
  }

  /** Gives the memory back. May be called twice. */
  close(): void {
    if (this.#isFreed) return;
    this.#isFreed = true;
    this.#module._fvad_free(this.#handle);
    this.#module._free(this.#frame);
  }
}
