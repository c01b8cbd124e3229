/**
 * The last 24 hours of a server, an hour a bar: colour and height tell the worst that came in it.
 *
 * It is one stop of the Tab key; the arrow keys walk through the hours, and what each holds is said.
 */
import { useRouter } from '@tanstack/react-router';
import { useRef, useState, type KeyboardEvent, type MouseEvent } from 'react';
import { useTranslation } from 'react-i18next';
import type { ServerHour } from '@/api/client';
import { usePreferences } from '@/app/preferences';
import { word } from '@/i18n';
import { clockTime } from '@/time/time';
import { addressOfHour, stepTo } from './hours';

interface Props {
  hours: readonly ServerHour[];
  /** Where it is given, an hour leads to its events. */
  server?: string;
}

export function Strip({ hours, server }: Props) {
  const { t } = useTranslation();
  const router = useRouter();
  const words = useHourWords();
  const list = useRef<HTMLOListElement>(null);
  const [current, setCurrent] = useState(hours.length - 1);
  const [told, setTold] = useState<number | null>(null);
  const shown = told === null ? undefined : hours[told];

  function walk(event: KeyboardEvent) {
    const next = stepTo(event.key, current, hours.length);
    if (next === null) return;
    event.preventDefault();
    setCurrent(next);
    list.current?.querySelectorAll<HTMLElement>('[data-hour]')[next]?.focus();
  }

  function follow(event: MouseEvent, address: string) {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    router.history.push(address);
  }

  return (
    <div>
      <ol ref={list} className="strip" aria-label={t('server.strip')}>
        {hours.map((hour, place) => {
          const common = {
            'data-hour': place,
            className: hour.worst ? `worst-${hour.worst}` : 'calm',
            tabIndex: place === current ? 0 : -1,
            onKeyDown: walk,
            onFocus: () => setTold(place),
            onBlur: () => setTold(null),
            onMouseEnter: () => setTold(place),
            onMouseLeave: () => setTold(null),
          };
          const address = server && hour.events ? addressOfHour(server, hour.hour) : null;
          return (
            <li key={hour.hour}>
              {address ? (
                <a {...common} href={address} onClick={(event) => follow(event, address)}>
                  <span className="visually-hidden">{words(hour)}</span>
                </a>
              ) : (
                <span {...common} role="img" aria-label={words(hour)} />
              )}
            </li>
          );
        })}
      </ol>
      <div className="strip-words" aria-hidden="true">
        {shown ? words(shown) : t('server.strip_span', spanOf(hours, words.at))}
      </div>
    </div>
  );
}

function spanOf(hours: readonly ServerHour[], at: (iso: string) => string) {
  return { from: at(hours[0]?.hour ?? ''), count: hours.reduce((n, hour) => n + hour.events, 0) };
}

function useHourWords() {
  const { t } = useTranslation();
  const { zone } = usePreferences();
  const at = (iso: string) => (iso ? clockTime(new Date(iso), zone).slice(0, 5) : '–');
  const words = (hour: ServerHour) =>
    hour.worst
      ? t('server.hour', {
          at: at(hour.hour),
          count: hour.events,
          worst: word(t, 'severity', hour.worst),
        })
      : t('server.calm_hour', { at: at(hour.hour) });
  return Object.assign(words, { at });
}
