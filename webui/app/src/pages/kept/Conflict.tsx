/** Somebody else has saved meanwhile: what they changed, what one wants, and which it shall be. */
import Alert from '@cloudscape-design/components/alert';
import Badge from '@cloudscape-design/components/badge';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Modal from '@cloudscape-design/components/modal';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { lazy, Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import { Skeleton } from '@/ui/Page';
import { part } from '@/ui/renewed';
import { clashes } from './kept';

const Diff = lazy(() => part(() => import('@/ui/editor/Diff')));

interface Props<F> {
  was: F;
  theirs: F;
  mine: F;
  /** Where it is an old version that one wants: which. */
  back?: number;
  onEnd: () => void;
  onChoose: (keepMine: boolean) => void;
}

export function Conflict<F extends object>(props: Props<F>) {
  const { was, theirs, mine, back, onEnd, onChoose } = props;
  const { t } = useTranslation();
  const wanted = back ? t('version.number', { n: back }) : t('clash.mine');
  const labels = [t('clash.theirs'), wanted] as const;
  return (
    <Modal
      visible
      size="large"
      header={t('clash.title')}
      onDismiss={onEnd}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button onClick={() => onChoose(false)}>{t('clash.take_theirs')}</Button>
            <Button variant="primary" onClick={() => onChoose(true)}>
              {t(back ? 'clash.back' : 'clash.keep_mine')}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        <Alert type="warning">{back ? t('clash.back_words', { n: back }) : t('clash.words')}</Alert>
        {clashes(was, theirs, mine).map((one) => (
          <div key={one.name}>
            <Box variant="h3">
              {t(`column.${one.name}`)} {one.both && <Badge color="red">{t('clash.both')}</Badge>}
            </Box>
            <Suspense fallback={<Skeleton lines={2} />}>
              <Diff
                before={String(one.theirs ?? '')}
                after={String(one.mine ?? '')}
                labels={labels}
              />
            </Suspense>
          </div>
        ))}
      </SpaceBetween>
    </Modal>
  );
}
