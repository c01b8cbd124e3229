/** The timeline of an event on the screen: one line a happening, a rail for each lane. */
import Box from '@cloudscape-design/components/box';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Toggle from '@cloudscape-design/components/toggle';
import type { TFunction } from 'i18next';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { usePreferences } from '@/app/preferences';
import { word } from '@/i18n';
import { Took } from '@/time/Time';
import { absolute, clockTime } from '@/time/time';
import { Link } from '@/ui/Link';
import { Foreign } from '@/ui/Page';
import { Word } from '@/ui/words';
import { Hops } from '../notices/Hops';
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
  const title = t(entry.title, { ...entry.values, ...wordsOf(t, entry) });
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
        <More entry={entry} />
      </div>
    </li>
  );
}

// What an entry is filled in with that has words of its own.
const WORDS = { subject: 'subject', verdict: 'verdict', news: 'noticeState' } as const;

function wordsOf(t: TFunction, { values = {} }: Entry): Record<string, string> {
  return Object.fromEntries(
    Object.entries(WORDS)
      .filter(([name]) => name in values)
      .map(([name, kind]) => [name, word(t, kind, String(values[name]))]),
  );
}

/** How long it took, by which ways it was told, and what was said of it. */
function More({ entry: { lane, seconds = null, hops = [], words } }: { entry: Entry }) {
  return (
    <>
      {seconds !== null && (
        <Box variant="span" color="text-body-secondary">
          <Took seconds={seconds} />
        </Box>
      )}
      {hops.length > 0 && (
        <Box fontSize="body-s">
          <Hops hops={hops} />
        </Box>
      )}
      {words && (
        <Box color="text-body-secondary" fontSize="body-s">
          {/* What was decided the ledger says in English; an alarm comes in any language. */}
          <span lang={lane === 'decision' ? 'en' : undefined}>
            <Foreign text={words} />
          </span>
        </Box>
      )}
    </>
  );
}
