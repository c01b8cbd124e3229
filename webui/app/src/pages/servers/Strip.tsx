/** The last 24 hours of a server, an hour a box, coloured by the worst that came in it. */
import { useTranslation } from 'react-i18next';
import type { ServerHour } from '@/api/client';
import { usePreferences } from '@/app/preferences';
import { word } from '@/i18n';
import { clockTime } from '@/time/time';

export function Strip({ hours }: { hours: readonly ServerHour[] }) {
  const { t } = useTranslation();
  const { zone } = usePreferences();
  return (
    <ol className="strip" aria-label={t('server.strip')}>
      {hours.map((hour) => {
        const at = clockTime(new Date(hour.hour), zone).slice(0, 5);
        const words = hour.worst
          ? t('server.hour', { at, count: hour.events, worst: word(t, 'severity', hour.worst) })
          : t('server.calm_hour', { at });
        return (
          <li key={hour.hour} className={hour.worst ? `worst-${hour.worst}` : ''} title={words}>
            <span className="visually-hidden">{words}</span>
          </li>
        );
      })}
    </ol>
  );
}
