/** Amazon Polly's voices, and the eSpeak voices nearest to them. Flows name the former; the free renderers have only the latter. */

/** Voices by language (Amazon Polly, "Available voices"; the names flows use most). A capital F or M says how the voice sounds. */
const POLLY_VOICES: Readonly<Record<string, string>> = {
  'en-US':
    'Joanna F, Matthew M, Salli F, Kendra F, Kimberly F, Ivy F, Joey M, Justin M, Kevin M, Danielle F, Gregory M, Ruth F, Stephen M, Patrick M, Tiffany F',
  'en-GB': 'Amy F, Emma F, Brian M, Arthur M',
  'en-AU': 'Nicole F, Olivia F, Russell M',
  'en-IN': 'Aditi F, Raveena F, Kajal F',
  'en-IE': 'Niamh F',
  'en-NZ': 'Aria F',
  'en-ZA': 'Ayanda F',
  'en-SG': 'Jasmine F',
  'en-GB-WLS': 'Geraint M',
  'de-DE': 'Vicki F, Marlene F, Hans M, Daniel M',
  'de-AT': 'Hannah F',
  'de-CH': 'Sabrina F',
  'fr-FR': 'Lea F, Celine F, Mathieu M, Remi M',
  'fr-CA': 'Chantal F, Gabrielle F, Liam M',
  'fr-BE': 'Isabelle F',
  'es-ES': 'Lucia F, Conchita F, Enrique M, Sergio M, Alba F, Raul M',
  'es-US': 'Lupe F, Penelope F, Miguel M, Pedro M',
  'es-MX': 'Mia F, Andres M',
  'it-IT': 'Bianca F, Carla F, Giorgio M, Adriano M',
  'pt-BR': 'Camila F, Vitoria F, Ricardo M, Thiago M',
  'pt-PT': 'Ines F, Cristiano M',
  'ja-JP': 'Mizuki F, Takumi M, Kazuha F, Tomoko F',
  'ko-KR': 'Seoyeon F, Jihye F',
  'cmn-CN': 'Zhiyu F',
  'yue-CN': 'Hiujin F',
  'nl-NL': 'Laura F, Lotte F, Ruben M',
  'nl-BE': 'Lisa F',
  'pl-PL': 'Ola F, Ewa F, Maja F, Jacek M, Jan M',
  'ru-RU': 'Tatyana F, Maxim M',
  'sv-SE': 'Elin F, Astrid F',
  'nb-NO': 'Ida F, Liv F',
  'da-DK': 'Sofie F, Naja F, Mads M',
  'fi-FI': 'Suvi F',
  'is-IS': 'Dora F, Karl M',
  'tr-TR': 'Burcu F, Filiz F',
  'ro-RO': 'Carmen F',
  'cy-GB': 'Gwyneth F',
  'cs-CZ': 'Jitka F',
  'ca-ES': 'Arlet F',
  arb: 'Zeina F',
  'ar-AE': 'Hala F, Zayd M',
};

/** eSpeak NG voices by language; the longest matching prefix of a language code wins. These names exist in 1.51 and later. */
const ESPEAK_VOICES: Readonly<Record<string, string>> = {
  en: 'en',
  'en-us': 'en-us',
  de: 'de',
  fr: 'fr',
  'fr-be': 'fr-be',
  es: 'es',
  'es-us': 'es-419',
  'es-mx': 'es-419',
  'es-419': 'es-419',
  it: 'it',
  pt: 'pt',
  'pt-br': 'pt-br',
  ja: 'ja',
  ko: 'ko',
  cmn: 'cmn',
  zh: 'cmn',
  yue: 'yue',
  nl: 'nl',
  pl: 'pl',
  ru: 'ru',
  sv: 'sv',
  nb: 'nb',
  no: 'nb',
  da: 'da',
  fi: 'fi',
  is: 'is',
  tr: 'tr',
  ro: 'ro',
  cy: 'cy',
  cs: 'cs',
  ca: 'ca',
  ar: 'ar',
  arb: 'ar',
  hi: 'hi',
};

type VoiceSound = 'female' | 'male';

interface Voice {
  readonly languageCode: string;
  readonly sound: VoiceSound;
}

/** Amazon Connect's default voice. */
const DEFAULT_VOICE: Voice = { languageCode: 'en-US', sound: 'female' };

const VOICES: ReadonlyMap<string, Voice> = new Map(
  Object.entries(POLLY_VOICES).flatMap(([languageCode, voices]) =>
    voices.split(', ').map((voice): [string, Voice] => {
      const [name = '', sound] = voice.split(' ');
      return [name.toLowerCase(), { languageCode, sound: sound === 'M' ? 'male' : 'female' }];
    }),
  ),
);

interface VoiceChoice {
  readonly voiceId: string;
  readonly languageCode: string;
}

/** The language that a request is spoken in, BCP 47: its own code, else its voice's, else US English. */
export function languageOf({ voiceId, languageCode }: VoiceChoice): string {
  return languageCode || findVoice(voiceId).languageCode;
}

/** Whether the named voice sounds female or male; unknown voices sound like Joanna. */
export function soundOf({ voiceId }: Pick<VoiceChoice, 'voiceId'>): VoiceSound {
  return findVoice(voiceId).sound;
}

/** eSpeak's name for a language; US English for languages that are not in the table. */
export function espeakLanguage(languageCode: string): string {
  const parts = languageCode.toLowerCase().split('-');
  for (let count = parts.length; count > 0; count--) {
    const prefix = parts.slice(0, count).join('-');
    if (Object.hasOwn(ESPEAK_VOICES, prefix)) return ESPEAK_VOICES[prefix] ?? '';
  }
  return 'en-us';
}

/** eSpeak's voice for a request, such as `en-us+f3`. Always from our table: nothing of the request's own spelling gets through. */
export function espeakVoice(choice: VoiceChoice): string {
  return `${espeakLanguage(languageOf(choice))}${soundOf(choice) === 'female' ? '+f3' : ''}`;
}

function findVoice(voiceId: string): Voice {
  return VOICES.get(voiceId.toLowerCase()) ?? DEFAULT_VOICE;
}
