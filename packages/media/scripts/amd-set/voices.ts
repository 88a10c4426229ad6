/** The speakers of the set, each in one part: engines, voices and languages that the test part uses are heard nowhere else. */

export type Part = 'train' | 'dev' | 'test';

/** `recorded`: real people, from Debian's packages of telephone prompts and of a game's spoken words. */
export type Engine = 'espeak-ng' | 'festival' | 'flite' | 'recorded';

export interface Voice {
  readonly id: string;
  readonly part: Part;
  readonly engine: Engine;
  readonly language: string;
  /** What the engine calls it; the folder of what was recorded. */
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
  { part: 'train', engine: 'recorded', language: 'words-de', name: '/usr/share/ktuberling/sounds/de' },
  { part: 'train', engine: 'recorded', language: 'words-en', name: '/usr/share/ktuberling/sounds/en' },
  { part: 'train', engine: 'recorded', language: 'words-fr', name: '/usr/share/ktuberling/sounds/fr' },
  {
    part: 'train',
    engine: 'recorded',
    language: 'prompts-en',
    name: '/usr/share/asterisk/sounds/en_US_f_Allison',
  },
  {
    part: 'train',
    engine: 'recorded',
    language: 'prompts-es',
    name: '/usr/share/asterisk/sounds/es_MX_f_Allison',
  },
  { part: 'dev', engine: 'recorded', language: 'words-gl', name: '/usr/share/ktuberling/sounds/gl' },
  { part: 'dev', engine: 'recorded', language: 'words-sl', name: '/usr/share/ktuberling/sounds/sl' },
  { part: 'dev', engine: 'recorded', language: 'words-uk', name: '/usr/share/ktuberling/sounds/uk' },
  {
    part: 'dev',
    engine: 'recorded',
    language: 'prompts-it',
    name: '/usr/share/asterisk/sounds/it_IT_m_Carlo',
  },
  { part: 'test', engine: 'recorded', language: 'words-ca', name: '/usr/share/ktuberling/sounds/ca' },
  { part: 'test', engine: 'recorded', language: 'words-el', name: '/usr/share/ktuberling/sounds/el' },
  { part: 'test', engine: 'recorded', language: 'words-ru', name: '/usr/share/ktuberling/sounds/ru' },
  { part: 'test', engine: 'recorded', language: 'words-wa', name: '/usr/share/ktuberling/sounds/wa' },
  {
    part: 'test',
    engine: 'recorded',
    language: 'prompts-fr',
    name: '/usr/share/asterisk/sounds/fr_CA_f_June',
  },
  {
    part: 'test',
    engine: 'recorded',
    language: 'prompts-ru',
    name: '/usr/share/asterisk/sounds/ru_RU_f_IvrvoiceRU',
  },
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
    id: `${speaker.engine}:${speaker.name.split('/').slice(-2).join('-')}:${pitchCents}:${tempo}`,
    pitchCents,
    tempo,
  })),
);
