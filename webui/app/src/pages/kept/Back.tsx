/** Bringing an old version back, as long as it is still what one saw. */
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Problem } from '@/api/problems';
import { touch } from '@/live/current';
import { Confirm } from '@/ui/Confirm';
import { tell, tellError } from '@/ui/notices';
import { Conflict } from './Conflict';
import type { Kept, Row, Seen } from './kept';

interface Props<R extends Row, F extends object> {
  kept: Kept<R, F>;
  /** What was there when the person asked for it. */
  seen: Seen<R>;
  number: number;
  onEnd: () => void;
}

interface Clash<R, F> {
  theirs: Seen<R>;
  mine: F;
}

export function Back<R extends Row, F extends object>({ kept, seen, number, onEnd }: Props<R, F>) {
  const { t } = useTranslation();
  const [began] = useState(seen);
  const [clash, setClash] = useState<Clash<R, F> | null>(null);
  const { id } = began.row;

  /** It is done and over, or somebody else has changed it meanwhile. */
  async function bring(tag: string) {
    try {
      await kept.revert(id, tag, number);
    } catch (error) {
      if (!(error instanceof Problem && error.code === 'outdated')) throw error;
      const [now, then] = await Promise.all([kept.get(id), kept.version(id, number)]);
      const theirs = { row: now.data, tag: now.response.headers.get('ETag') ?? '' };
      setClash({ theirs, mine: kept.fieldsOf(then.data.content as unknown as R) });
      return;
    }
    tell(t('version.is_back', { n: number }));
    touch(kept.topic);
    onEnd();
  }

  async function choose(keepMine: boolean) {
    touch(kept.topic);
    if (!keepMine || !clash) return onEnd();
    try {
      await bring(clash.theirs.tag);
    } catch (error) {
      tellError(t, error);
    }
  }

  if (clash) {
    return (
      <Conflict
        was={kept.fieldsOf(began.row)}
        theirs={kept.fieldsOf(clash.theirs.row)}
        mine={clash.mine}
        back={number}
        onEnd={onEnd}
        onChoose={(keepMine) => void choose(keepMine)}
      />
    );
  }
  return (
    <Confirm
      title={t('version.back_title', { n: number })}
      words={t('version.back_words')}
      button={t('version.back')}
      onEnd={onEnd}
      onDone={() => undefined}
      onDo={() => bring(began.tag)}
    />
  );
}
