/** Two texts side by side, each under its name; the difference is worked out when it is shown. */
import Box from '@cloudscape-design/components/box';
import { lazy, Suspense } from 'react';
import { Skeleton } from '@/ui/Page';
import { part } from '@/ui/renewed';
import './executions.css';

const Diff = lazy(() => part(() => import('@/ui/editor/Diff')));

interface Props {
  before: string;
  after: string;
  labels: readonly [string, string];
}

export function Sides({ before, after, labels }: Props) {
  return (
    <div>
      {/* The texts themselves carry their names for whoever cannot see these. */}
      <div className="sides" aria-hidden="true">
        {labels.map((label) => (
          <Box key={label} variant="awsui-key-label">
            {label}
          </Box>
        ))}
      </div>
      <Suspense fallback={<Skeleton />}>
        <Diff before={before} after={after} labels={labels} />
      </Suspense>
    </div>
  );
}
