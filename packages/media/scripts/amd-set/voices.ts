/** The speakers of the set, each in one part: engines, voices and languages that the test part uses are heard nowhere else. */

export type Part = 'train' | 'dev' | 'test';

export type Engine = 'espeak-ng' | 'festival' | 'flite';

export interface Voice {
  readonly id: string;
  readonly part: Part;
  readonly engine: Engine;
  readonly language: string;
  /** What the engine calls it. */
  readonly name: string;
  /** Changes after rendering, so that one speaker becomes several. */
  readonly pitchCents: number;
  readonly tempo: number;
}

interface Speaker {
  readonly part: Part;
  readonly engine: Engine;
  readonly language: string;
  readonly name: string;
}

const espeak = (part: Part, language: string, variants: string, base: string): readonly Speaker[] =>
  variants.split(' ').map((variant) => ({ part, engine: 'espeak-ng', language, name: `${base}+${variant}` }));

/**
 * Festival's kal and slt are the speakers of flite's voices of the same names, so tuning hears neither. Festival's HTS
 * voices use another engine than its diphone voices and count as the test part's.
 */
const speakers: readonly Speaker[] = [
  ...espeak('train', 'en', 'm1 m3 f1 f3 Alex Alicia Michael belinda', 'en-us'),
  ...espeak('train', 'en', 'm2 f4 Andy Annie', 'en-gb'),
  ...espeak('train', 'en', 'm8 f1 klatt2', 'en-gb-scotland'),
  ...espeak('train', 'en', 'm6 f3', 'en-029'),
  ...espeak('train', 'es', 'm1 f1 Mario', 'es'),
  ...espeak('train', 'de', 'm3 f3 Gene', 'de'),
  ...espeak('train', 'fr', 'm2 f4 Henrique', 'fr'),
  { part: 'train', engine: 'festival', language: 'en', name: 'ked_diphone' },
  { part: 'train', engine: 'festival', language: 'it', name: 'lp_diphone' },
  { part: 'train', engine: 'festival', language: 'cs', name: 'czech_dita' },
  { part: 'train', engine: 'festival', language: 'cs', name: 'czech_machac' },
  { part: 'train', engine: 'festival', language: 'fi', name: 'suo_fi_lj_diphone' },
  ...espeak('dev', 'en', 'm7 f2 linda Lee', 'en-us-nyc'),
  ...espeak('dev', 'en', 'm4 f5 steph', 'en-gb-x-rp'),
  ...espeak('dev', 'pt', 'm7 f2', 'pt'),
  { part: 'dev', engine: 'festival', language: 'it', name: 'pc_diphone' },
  { part: 'dev', engine: 'festival', language: 'cs', name: 'czech_krb' },
  { part: 'dev', engine: 'festival', language: 'cs', name: 'czech_ph' },
  { part: 'dev', engine: 'festival', language: 'fi', name: 'hy_fi_mv_diphone' },
  { part: 'test', engine: 'flite', language: 'en', name: 'awb' },
  { part: 'test', engine: 'flite', language: 'en', name: 'rms' },
  { part: 'test', engine: 'flite', language: 'en', name: 'slt' },
  { part: 'test', engine: 'flite', language: 'en', name: 'kal' },
  { part: 'test', engine: 'flite', language: 'en', name: 'kal16' },
  { part: 'test', engine: 'festival', language: 'en', name: 'cmu_us_slt_arctic_hts' },
  { part: 'test', engine: 'festival', language: 'ca', name: 'upc_ca_ona_hts' },
];

/** Pitch in cents and tempo. The parts share none but the plain one. */
const changes: Readonly<Record<Part, readonly (readonly [number, number])[]>> = {
  train: [
    [0, 1],
    [-180, 1.12],
    [150, 0.9],
  ],
  dev: [
    [0, 1],
    [120, 1.08],
    [-140, 0.93],
  ],
  test: [
    [0, 1],
    [-250, 0.95],
    [-120, 1.15],
    [130, 1.05],
    [260, 0.88],
  ],
};

export const voices: readonly Voice[] = speakers.flatMap((speaker) =>
  changes[speaker.part].map(([pitchCents, tempo]) => ({
    ...speaker,
    id: `${speaker.engine}:${speaker.name}:${pitchCents}:${tempo}`,
    pitchCents,
    tempo,
  })),
);
