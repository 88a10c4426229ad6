/** The speakers of the set, each in one part: engines, voices and languages that the test part uses are heard nowhere else. */

export type Part = 'train' | 'dev' | 'test';

/** `recorded`: real people, from Debian's packages of telephone prompts and of games' spoken words. */
export type Engine = 'espeak-ng' | 'festival' | 'flite' | 'recorded';

export interface Voice {
  readonly id: string;
  readonly part: Part;
  /** Which of the train part's folds it belongs to; 0 elsewhere. */
  readonly fold: number;
  readonly engine: Engine;
  readonly language: string;
  /** What the engine calls it; the folder of what was recorded. */
  readonly name: string;
  /** Changes after rendering, so that one speaker becomes several. */
  readonly pitchCents: number;
  readonly tempo: number;
}

/**
 * The train part is cut in folds that share no voice, text or kind of noise: diphones, two of formants, recordings. Who fits
 * to all but one and tries that one learns what a new engine costs.
 */
export const trainFolds = 4;

interface Speaker {
  readonly part: Part;
  readonly fold: number;
  readonly engine: Engine;
  readonly language: string;
  readonly name: string;
}

const espeak = (
  part: Part,
  fold: number,
  language: string,
  variants: string,
  base: string,
): readonly Speaker[] =>
  variants.split(' ').map((variant) => ({
    ...{ part, fold, language, engine: 'espeak-ng' },
    name: `${base}+${variant}`,
  }));

const festival = (part: Part, language: string, name: string): Speaker => ({
  ...{ part, fold: 0, language, engine: 'festival', name },
});

const flite = (name: string): Speaker => ({ part: 'test', fold: 0, language: 'en', engine: 'flite', name });

const recorded = (part: Part, language: string, folder: string): Speaker => ({
  ...{ part, fold: part === 'train' ? 3 : 0, language, engine: 'recorded' },
  name: `/usr/share/${folder}`,
});

/** Words, and letters and syllables, of these languages that people read for games. */
const words = 'de en fr ro pt fi ga wa ru nl es it nds'.split(' ');
const letters = 'cs it es pt_BR nds ru uk tn ml en_GB de fr nb nl'.split(' ');

/**
 * Festival's kal and slt are the speakers of flite's voices of the same names, so tuning hears neither; Festival's HTS
 * voices are the test part's, too. Its Marathi voice is the speaker of the Hindi and the Telugu one, so it is in no part.
 */
const speakers: readonly Speaker[] = [
  festival('train', 'en', 'ked_diphone'),
  festival('train', 'it', 'lp_diphone'),
  festival('train', 'cs', 'czech_dita'),
  festival('train', 'cs', 'czech_machac'),
  festival('train', 'fi', 'suo_fi_lj_diphone'),
  festival('train', 'hi', 'hindi_NSK_diphone'),
  festival('train', 'te', 'telugu_NSK_diphone'),
  festival('train', 'ru', 'msu_ru_nsh_clunits'),
  ...espeak('train', 1, 'en', 'm1 m3 f1 f3 Alex Alicia Michael belinda anika zac', 'en-us'),
  ...espeak('train', 1, 'en', 'm6 f3 rob', 'en-029'),
  ...espeak('train', 1, 'es', 'm1 f1 Mario', 'es'),
  ...espeak('train', 1, 'pl', 'm4 f2', 'pl'),
  ...espeak('train', 1, 'nl', 'm2 f5', 'nl'),
  ...espeak('train', 1, 'tr', 'm7 Alicia', 'tr'),
  ...espeak('train', 1, 'ro', 'm5 f1', 'ro'),
  ...espeak('train', 1, 'el', 'm3 Annie', 'el'),
  ...espeak('train', 1, 'zh', 'm1 f4', 'cmn'),
  ...espeak('train', 2, 'en', 'm2 f4 Andy Annie klatt4 pablo paul', 'en-gb'),
  ...espeak('train', 2, 'en', 'm8 f1 klatt2 adam', 'en-gb-scotland'),
  ...espeak('train', 2, 'de', 'm3 f3 Gene', 'de'),
  ...espeak('train', 2, 'fr', 'm2 f4 Henrique', 'fr'),
  ...espeak('train', 2, 'sv', 'm1 f2', 'sv'),
  ...espeak('train', 2, 'hu', 'm6 f3', 'hu'),
  ...espeak('train', 2, 'da', 'klatt3 f1', 'da'),
  ...espeak('train', 2, 'id', 'm8 belinda', 'id'),
  ...espeak('train', 2, 'hr', 'm4 f5', 'hr'),
  ...words.map((language) => recorded('train', `words-${language}`, `ktuberling/sounds/${language}`)),
  ...letters.map((language) => recorded('train', `letters-${language}`, `klettres/${language}`)),
  recorded('train', 'prompts-en', 'asterisk/sounds/en_US_f_Allison'),
  recorded('train', 'prompts-es', 'asterisk/sounds/es_MX_f_Allison'),
  recorded('train', 'prompts-it2', 'asterisk/sounds/it_IT_f_Menardi'),
  recorded('train', 'prompts-esco', 'asterisk/sounds/es'),
  recorded('train', 'prompts-fr2', 'asterisk/sounds/fr'),
  ...espeak('dev', 0, 'en', 'm7 f2 linda Lee', 'en-us-nyc'),
  ...espeak('dev', 0, 'en', 'm4 f5 steph', 'en-gb-x-rp'),
  ...espeak('dev', 0, 'pt', 'm7 f2', 'pt'),
  festival('dev', 'it', 'pc_diphone'),
  festival('dev', 'cs', 'czech_krb'),
  festival('dev', 'cs', 'czech_ph'),
  festival('dev', 'fi', 'hy_fi_mv_diphone'),
  recorded('dev', 'words-gl', 'ktuberling/sounds/gl'),
  recorded('dev', 'words-sl', 'ktuberling/sounds/sl'),
  recorded('dev', 'words-uk', 'ktuberling/sounds/uk'),
  recorded('dev', 'prompts-it', 'asterisk/sounds/it_IT_m_Carlo'),
  ...['awb', 'rms', 'slt', 'kal', 'kal16'].map(flite),
  festival('test', 'en', 'cmu_us_slt_arctic_hts'),
  festival('test', 'ca', 'upc_ca_ona_hts'),
  ...['da', 'lt', 'ca', 'el'].map((language) =>
    recorded('test', `words-${language}`, `ktuberling/sounds/${language}`),
  ),
  recorded('test', 'words-sr', 'ktuberling/sounds/sr@latin'),
  recorded('test', 'prompts-fr', 'asterisk/sounds/fr_CA_f_June'),
  recorded('test', 'prompts-ru', 'asterisk/sounds/ru_RU_f_IvrvoiceRU'),
];

/** @returns the folds of a part in which a language is spoken. */
export function foldsOf(part: Part, language: string): readonly number[] {
  const own = speakers.filter((each) => each.part === part && each.language === language);
  return [...new Set(own.map(({ fold }) => fold))];
}

/** Pitch in cents and tempo. The parts share none but the plain one. */
const changes: Readonly<Record<Part, readonly (readonly [number, number])[]>> = {
  train: [
    [0, 1],
    [-180, 1.12],
    [150, 0.9],
    [-320, 1.25],
    [300, 1],
    [60, 1.35],
  ],
  dev: [
    [0, 1],
    [120, 1.08],
    [-140, 0.93],
  ],
  test: [
    [0, 1],
    [-200, 1.05],
    [-70, 0.92],
    [90, 1.1],
    [210, 0.97],
  ],
};

export const voices: readonly Voice[] = speakers.flatMap((speaker) =>
  changes[speaker.part].map(([pitchCents, tempo]) => ({
    ...speaker,
    id: `${speaker.engine}:${speaker.engine === 'recorded' ? speaker.language : speaker.name}:${pitchCents}:${tempo}`,
    pitchCents,
    tempo,
  })),
);

/**
 * "Hello" in the languages that programs speak. Tells how fast a voice speaks (sound-item.ts); not heard in the set unless
 * its texts have it, too.
 */
export const hellos: ReadonlyMap<string, string> = new Map([
  ['en', 'Hello.'],
  ['es', 'Hola.'],
  ['pl', 'Halo.'],
  ['nl', 'Hallo.'],
  ['tr', 'Alo.'],
  ['ro', 'Alo.'],
  ['el', 'Έλα.'],
  ['zh', '你好。'],
  ['de', 'Hallo.'],
  ['fr', 'Allô.'],
  ['sv', 'Hallå.'],
  ['hu', 'Halló.'],
  ['da', 'Hallo.'],
  ['id', 'Halo.'],
  ['hr', 'Halo.'],
  ['it', 'Pronto.'],
  ['cs', 'Halo.'],
  ['fi', 'Haloo.'],
  ['pt', 'Alô.'],
  ['ca', 'Hola.'],
  ['hi', 'हैलो।'],
  ['te', 'హలో.'],
  ['ru', 'Алло.'],
]);
