/** How contacts reach a user, by channel and in the wire's spelling; and the one phone configuration that stands for the voice channel. Pure. */

export type Channel = 'VOICE' | 'CHAT' | 'TASK' | 'EMAIL';

/** Settings by channel (`UpdateUserConfig`, API reference); a channel that is left out has the defaults. */
export interface AgentSettings {
  readonly AutoAcceptConfigs?: readonly {
    readonly Channel: Channel;
    readonly AutoAccept: boolean;
    readonly AgentFirstCallbackAutoAccept?: boolean | undefined;
  }[];
  readonly AfterContactWorkConfigs?: readonly {
    readonly Channel: Channel;
    /** Seconds; 0 or absent lasts until the agent ends it. */
    readonly AfterContactWorkConfig: { readonly AfterContactWorkTimeLimit?: number | undefined };
    readonly AgentFirstCallbackAfterContactWorkConfig?:
      | { readonly AfterContactWorkTimeLimit?: number | undefined }
      | undefined;
  }[];
  readonly PhoneNumberConfigs?: readonly {
    readonly Channel: Channel;
    readonly PhoneType: 'SOFT_PHONE' | 'DESK_PHONE';
    readonly PhoneNumber?: string | undefined;
  }[];
  readonly PersistentConnectionConfigs?: readonly {
    readonly Channel: Channel;
    readonly PersistentConnection: boolean;
  }[];
  readonly VoiceEnhancementConfigs?: readonly {
    readonly Channel: Channel;
    readonly VoiceEnhancementMode: 'VOICE_ISOLATION' | 'NOISE_SUPPRESSION' | 'NONE';
  }[];
}

/** `UserPhoneConfig` (API reference): the voice channel's settings in one piece. */
export interface PhoneConfig {
  readonly PhoneType?: 'SOFT_PHONE' | 'DESK_PHONE' | undefined;
  readonly AutoAccept?: boolean | undefined;
  readonly AfterContactWorkTimeLimit?: number | undefined;
  readonly DeskPhoneNumber?: string | undefined;
  readonly PersistentConnection?: boolean | undefined;
}

/** What holds for voice, with the defaults filled in. */
export interface VoiceSettings {
  readonly phoneType: 'SOFT_PHONE' | 'DESK_PHONE';
  readonly deskPhoneNumber: string | undefined;
  readonly autoAccept: boolean;
  /** 0: it lasts until the agent ends it. */
  readonly afterContactWorkSeconds: number;
  readonly persistentConnection: boolean;
}

const isVoice = ({ Channel: channel }: { readonly Channel: Channel }): boolean => channel === 'VOICE';

export function voiceSettingsOf(settings: AgentSettings): VoiceSettings {
  const phone = settings.PhoneNumberConfigs?.find(isVoice);
  const work = settings.AfterContactWorkConfigs?.find(isVoice)?.AfterContactWorkConfig;
  return {
    phoneType: phone?.PhoneType ?? 'SOFT_PHONE',
    deskPhoneNumber: phone?.PhoneNumber,
    autoAccept: settings.AutoAcceptConfigs?.find(isVoice)?.AutoAccept ?? false,
    afterContactWorkSeconds: work?.AfterContactWorkTimeLimit ?? 0,
    persistentConnection: settings.PersistentConnectionConfigs?.find(isVoice)?.PersistentConnection ?? false,
  };
}

export function phoneConfigOf(settings: AgentSettings): PhoneConfig {
  const voice = voiceSettingsOf(settings);
  return {
    PhoneType: voice.phoneType,
    AutoAccept: voice.autoAccept,
    AfterContactWorkTimeLimit: voice.afterContactWorkSeconds,
    ...(voice.deskPhoneNumber === undefined ? {} : { DeskPhoneNumber: voice.deskPhoneNumber }),
    PersistentConnection: voice.persistentConnection,
  };
}

/** The settings with the voice channel's replaced by the phone configuration; what that leaves out gets its default. */
export function withPhoneConfig(settings: AgentSettings, phone: PhoneConfig): AgentSettings {
  const Channel = 'VOICE';
  const accept = settings.AutoAcceptConfigs?.find(isVoice);
  const work = settings.AfterContactWorkConfigs?.find(isVoice);
  return {
    ...settings,
    AutoAcceptConfigs: [
      ...others(settings.AutoAcceptConfigs),
      { ...accept, Channel, AutoAccept: phone.AutoAccept ?? false },
    ],
    AfterContactWorkConfigs: [
      ...others(settings.AfterContactWorkConfigs),
      {
        ...work,
        Channel,
        AfterContactWorkConfig: { AfterContactWorkTimeLimit: phone.AfterContactWorkTimeLimit ?? 0 },
      },
    ],
    PhoneNumberConfigs: [
      ...others(settings.PhoneNumberConfigs),
      {
        Channel,
        PhoneType: phone.PhoneType ?? 'SOFT_PHONE',
        ...(phone.DeskPhoneNumber === undefined ? {} : { PhoneNumber: phone.DeskPhoneNumber }),
      },
    ],
    PersistentConnectionConfigs: [
      ...others(settings.PersistentConnectionConfigs),
      { Channel, PersistentConnection: phone.PersistentConnection ?? false },
    ],
  };
}

function others<Config extends { readonly Channel: Channel }>(
  configs: readonly Config[] | undefined,
): readonly Config[] {
  return configs?.filter((config) => !isVoice(config)) ?? [];
}
