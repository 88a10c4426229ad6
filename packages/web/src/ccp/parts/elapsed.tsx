// Time since a moment, or until one, by the service's clock; ticks once a second.

import { useEffect, useState } from 'react';

function useSeconds(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = window.setInterval(() => setNow(Date.now()), 250);
    return () => clearInterval(timer);
  }, []);
  return now;
}

export function Elapsed({ since, offsetMs }: { readonly since: number; readonly offsetMs: number }) {
  const seconds = Math.max(0, Math.floor((useSeconds() + offsetMs - since) / 1000));
  return <time>{clockOf(seconds)}</time>;
}

export function Countdown({ until, offsetMs }: { readonly until: number; readonly offsetMs: number }) {
  const seconds = Math.max(0, Math.ceil((until - useSeconds() - offsetMs) / 1000));
  return <time>{clockOf(seconds)}</time>;
}

function clockOf(seconds: number): string {
  const two = (n: number) => String(n).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  return `${hours > 0 ? `${hours}:` : ''}${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}
