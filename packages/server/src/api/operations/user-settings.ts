/** How contacts reach a user: the rules for the settings of each channel, and for the older phone configuration. Pure. */
import { invalidParameterException } from '@ringback/connect-api';
import type { AgentSettings, Channel, PhoneConfig } from '../../store/agent-settings.ts';

export const settingMembers = [
  'AutoAcceptConfigs',
  'AfterContactWorkConfigs',
  'PhoneNumberConfigs',
  'PersistentConnectionConfigs',
  'VoiceEnhancementConfigs',
] as const satisfies readonly (keyof AgentSettings)[];

/** These settings mean something for voice alone (API reference). */
const forVoiceOnly: ReadonlySet<string> = new Set<keyof AgentSettings>([
  'PhoneNumberConfigs',
  'PersistentConnectionConfigs',
  'VoiceEnhancementConfigs',
]);

/** Longest after-contact work, seconds (API reference, UpdateUserConfig): 24 days. */
const longestAfterContactWorkSeconds = 2_000_000;

/** The settings as a request may give them, absent ones included. */
type GivenSettings = { readonly [Member in keyof AgentSettings]?: AgentSettings[Member] | undefined };

/**
 * The settings that a request gives.
 *
 * @throws {ApiError} InvalidParameterException for a channel that stands twice or cannot have the setting, a time that is
 *   too long, and a desk phone without a number.
 */
export function checkedSettings(given: GivenSettings): AgentSettings {
  const settings = Object.fromEntries(
    settingMembers.flatMap((member) => (given[member] === undefined ? [] : [[member, given[member]]])),
  ) as AgentSettings;
  for (const member of settingMembers) refuseChannels(member, settings[member] ?? []);
  for (const config of settings.AfterContactWorkConfigs ?? []) {
    refuseTime(config.AfterContactWorkConfig.AfterContactWorkTimeLimit);
    refuseTime(config.AgentFirstCallbackAfterContactWorkConfig?.AfterContactWorkTimeLimit);
    refuseCallback(config.Channel, config.AgentFirstCallbackAfterContactWorkConfig);
  }
  for (const config of settings.AutoAcceptConfigs ?? []) {
    refuseCallback(config.Channel, config.AgentFirstCallbackAutoAccept);
  }
  for (const { PhoneType, PhoneNumber } of settings.PhoneNumberConfigs ?? []) {
    refusePhone(PhoneType, PhoneNumber, 'PhoneNumber');
  }
  if (!settings.PhoneNumberConfigs) return settings;
  return {
    ...settings,
    PhoneNumberConfigs: settings.PhoneNumberConfigs.map(({ PhoneNumber, ...config }) => ({
      ...config,
      ...(PhoneNumber ? { PhoneNumber } : {}),
    })),
  };
}

/** @throws {ApiError} InvalidParameterException. */
export function checkedPhoneConfig(phone: PhoneConfig): PhoneConfig {
  refuseTime(phone.AfterContactWorkTimeLimit);
  refusePhone(phone.PhoneType, phone.DeskPhoneNumber, 'DeskPhoneNumber');
  // So a softphone's stands in AWS's own answers.
  const { DeskPhoneNumber, ...others } = phone;
  return DeskPhoneNumber ? phone : others;
}

function refuseChannels(member: string, configs: readonly { readonly Channel: Channel }[]): void {
  if (new Set(configs.map(({ Channel }) => Channel)).size < configs.length) {
    throw invalidParameterException(`${member} holds a channel twice.`);
  }
  const other = forVoiceOnly.has(member) && configs.find(({ Channel }) => Channel !== 'VOICE');
  if (other) throw invalidParameterException(`${member} is for VOICE only, not for ${other.Channel}.`);
}

function refuseTime(seconds: number | undefined): void {
  if (seconds !== undefined && seconds > longestAfterContactWorkSeconds) {
    throw invalidParameterException(
      `AfterContactWorkTimeLimit is ${seconds} s; at most ${longestAfterContactWorkSeconds} s are allowed.`,
    );
  }
}

function refuseCallback(channel: Channel, setting: unknown): void {
  if (setting !== undefined && channel !== 'VOICE') {
    throw invalidParameterException(
      `Settings for agent-first callbacks are for VOICE only, not for ${channel}.`,
    );
  }
}

function refusePhone(type: PhoneConfig['PhoneType'], number: string | undefined, member: string): void {
  if (type === 'DESK_PHONE' && !number) {
    throw invalidParameterException(`A DESK_PHONE needs a ${member}.`);
  }
}
