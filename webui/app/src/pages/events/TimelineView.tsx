/** The timeline of an event on the screen: one line a happening, a rail for each lane. */
import Box from '@cloudscape-design/components/box';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Toggle from '@cloudscape-design/components/toggle';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { usePreferences } from '@/app/preferences';
import { word } from '@/i18n';
import { Took } from '@/time/Time';
import { absolute, clockTime } from '@/time/time';
import { Link } from '@/ui/Link';
import { Foreign } from '@/ui/Page';
import { Word } from '@/ui/words';
import { LANES, type Entry } from './timeline';

export function Timeline({ entries }: { entries: readonly Entry[] }) {
  const { t } = useTranslation();
  const [all, setAll] = useState(false);
  const hidden = entries.filter((one) => one.noise).length;
  const shown = all ? entries : entries.filter((one) => !one.noise);
  return (
    <SpaceBetween size="s">
      {hidden > 0 && (
        <Toggle checked={all} onChange={({ detail }) => setAll(detail.checked)}>
          {t('timeline.noise', { count: hidden })}
        </Toggle>
      )}
      <ol className="timeline">
        {shown.map((entry, place) => (
          <Line key={entry.id} entry={entry} before={shown[place - 1]} />
        ))}
      </ol>
    </SpaceBetween>
  );
}

function Line({ entry, before }: { entry: Entry; before: Entry | undefined }) {
  const { t } = useTranslation();
  const { zone } = usePreferences();
  const whole = absolute(entry.at, zone);
  const [day = ''] = whole.split(' ');
  const sameDay = before && absolute(before.at, zone).startsWith(day);
  const title = t(entry.title, {
    ...entry.values,
    subject: word(t, 'subject', String(entry.values?.subject ?? '')),
    verdict: word(t, 'verdict', String(entry.values?.verdict ?? '')),
  });
  return (
    <li id={entry.id}>
      <Box fontSize="body-s" color="text-body-secondary">
        <time dateTime={entry.at} title={whole}>
          {!sameDay && <span className="timeline-day">{day} </span>}
          {clockTime(new Date(entry.at), zone)}
        </time>
      </Box>
      {LANES.map((lane) => (
        <span
          key={lane}
          aria-hidden="true"
          className={`timeline-rail lane-${lane}${lane === entry.lane ? ' here' : ''}`}
        />
      ))}
      <div className="timeline-text">
        <span className={`timeline-lane lane-${entry.lane}`}>{t(`lane.${entry.lane}`)}</span>{' '}
        {entry.to ? <Link to={entry.to}>{title}</Link> : <strong>{title}</strong>}{' '}
        {entry.kind && <Word kind={entry.kind.of} value={entry.kind.value} />}{' '}
        {entry.seconds !== undefined && entry.seconds !== null && (
          <Box variant="span" color="text-body-secondary">
            <Took seconds={entry.seconds} />
          </Box>
        )}
        {entry.words && (
          <Box color="text-body-secondary" fontSize="body-s">
            {/* What was decided the ledger says in English; an alarm comes in any language. */}
            <span lang={entry.lane === 'decision' ? 'en' : undefined}>
              <Foreign text={entry.words} />
            </span>
          </Box>
        )}
      </div>
    </li>
  );
}
