// The part of eSpeak NG's WebAssembly build that this program calls; the npm package ships no types.
declare module '@echogarden/espeak-ng-emscripten' {
  export interface EspeakWorker {
    /** 0 when the voice was found; otherwise the earlier voice stays. */
    set_voice(name: string): number;
    /** Words a minute, 80 to 450. */
    set_rate(wordsPerMinute: number): void;
    get_samplerate(): number;
    /** Always reads its input as SSML. Calls back synchronously; a callback that returns true ends the synthesis. */
    synthesize(ssml: string, onAudio: (pcm: Int16Array, events: readonly unknown[]) => boolean): void;
  }
  export interface EspeakModule {
    eSpeakNGWorker: new () => EspeakWorker;
  }
  const load: (options: {
    print: (line: string) => void;
    printErr: (line: string) => void;
  }) => Promise<EspeakModule>;
  export default load;
}
