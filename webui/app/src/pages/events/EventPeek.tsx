/** One event beside the list: what it is, its story, and the way to its page. */
import ColumnLayout from '@cloudscape-design/components/column-layout';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useTranslation } from 'react-i18next';
import { Link } from '@/ui/Link';
import { Asked } from '@/ui/Page';
import { EventFacts, useHistory } from './parts';
import { Timeline } from './TimelineView';
import { timelineOf } from './timeline';

export function EventPeek({ id }: { id: number }) {
  const { t } = useTranslation();
  return (
    <Asked query={useHistory(id)}>
      {(history) => (
        <ColumnLayout columns={2}>
          <SpaceBetween size="m">
            <EventFacts event={history.event} columns={2} />
            <Link to={`/events/${id}`}>{t('event.whole')}</Link>
          </SpaceBetween>
          <Timeline entries={timelineOf(history)} />
        </ColumnLayout>
      )}
    </Asked>
  );
}
