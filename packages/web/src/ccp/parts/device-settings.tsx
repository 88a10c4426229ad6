// Microphone, speaker, level, echo test, notifications and the log for support.

import type { DeskState } from '@ringback/connect-api';
import { useEffect, useRef, useState } from 'react';
import type { Desk, DeskView } from '../desk.ts';
import type { Shortcuts } from '../shortcuts.ts';

export interface DeviceSettingsProps {
  readonly desk: Desk;
  readonly view: DeskView;
  readonly state: DeskState;
  readonly onSaveLog: () => void;
  readonly shortcuts: Shortcuts;
  readonly onShortcuts: (chosen: Shortcuts) => void;
}

interface Devices {
  readonly microphones: readonly MediaDeviceInfo[];
  readonly speakers: readonly MediaDeviceInfo[];
}

export function DeviceSettings({
  desk,
  view,
  state,
  onSaveLog,
  shortcuts,
  onShortcuts,
}: DeviceSettingsProps) {
  const [devices, setDevices] = useState<Devices>({ microphones: [], speakers: [] });
  const [permission, setPermission] = useState(() =>
    'Notification' in window ? Notification.permission : 'denied',
  );
  const { microphone } = view;
  // The browser names devices only once the microphone is shared.
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked again when the microphone's state changes
  useEffect(() => {
    const look = (): void => void desk.softphone.devices().then(setDevices, () => undefined);
    look();
    const { mediaDevices } = navigator;
    mediaDevices?.addEventListener('devicechange', look);
    return () => mediaDevices?.removeEventListener('devicechange', look);
  }, [desk, microphone]);

  return (
    <section className="settings" aria-label="Settings">
      <h1>Settings</h1>
      <label>
        Microphone
        <select
          value={desk.softphone.microphoneId}
          onChange={({ target }) => void desk.softphone.openMicrophone(target.value)}
        >
          {devices.microphones.map(({ deviceId, label }) => (
            <option key={deviceId} value={deviceId}>
              {label || 'Microphone'}
            </option>
          ))}
        </select>
      </label>
      <Level desk={desk} />
      <label>
        Speaker
        <select
          value={desk.softphone.speakerId}
          onChange={({ target }) => void desk.softphone.chooseSpeaker(target.value)}
        >
          {devices.speakers.map(({ deviceId, label }) => (
            <option key={deviceId} value={deviceId}>
              {label || 'Speaker'}
            </option>
          ))}
        </select>
      </label>
      <label className="choice">
        <input
          type="checkbox"
          checked={shortcuts === 'on'}
          onChange={({ target }) => onShortcuts(target.checked ? 'on' : 'off')}
        />
        Single keys: accept, reject, mute, hold, close, digits
      </label>
      <div className="buttons">
        <button
          type="button"
          aria-pressed={state.isEchoing}
          disabled={state.softphone !== 'connected'}
          onClick={() => void desk.run({ do: 'echo', on: !state.isEchoing })}
        >
          {state.isEchoing ? 'End the echo test' : 'Echo test: hear yourself'}
        </button>
        {permission === 'default' ? (
          <button type="button" onClick={() => void Notification.requestPermission().then(setPermission)}>
            Allow notifications
          </button>
        ) : null}
        <button type="button" onClick={onSaveLog}>
          Download log
        </button>
      </div>
    </section>
  );
}

function Level({ desk }: { readonly desk: Desk }) {
  const meter = useRef<HTMLMeterElement>(null);
  useEffect(() => {
    const timer = window.setInterval(() => {
      if (meter.current) meter.current.value = desk.softphone.level();
    }, 60);
    return () => clearInterval(timer);
  }, [desk]);
  return (
    <label>
      Level
      <meter ref={meter} min={0} max={1} low={0.02} high={0.9} optimum={0.4} value={0} />
    </label>
  );
}
