/** Two solutions with their arguments, side by side, with what differs. */
import Box from '@cloudscape-design/components/box';
import { lazy, Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import { Skeleton } from '@/ui/Page';
import { asText, type Solution } from './edit';
import './approvals.css';

const Diff = lazy(() => import('@/ui/editor/Diff'));

interface ComparedProps {
  before: Solution;
  after: Solution;
  /** Keys of the catalogue. */
  labels: readonly [string, string];
}

export function Compared({ before, after, labels: [left, right] }: ComparedProps) {
  const { t } = useTranslation();
  return (
    <Suspense fallback={<Skeleton lines={3} />}>
      <div className="compared-heads">
        <Box variant="awsui-key-label">{t(left)}</Box>
        <Box variant="awsui-key-label">{t(right)}</Box>
      </div>
      <Diff before={asText(before)} after={asText(after)} labels={[t(left), t(right)]} />
    </Suspense>
  );
}
