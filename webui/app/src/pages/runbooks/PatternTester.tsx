/** The pattern on the latest real messages of its service: which it fits, and which it misses. */
import Box from '@cloudscape-design/components/box';
import Header from '@cloudscape-design/components/header';
import Input from '@cloudscape-design/components/input';
import FormField from '@cloudscape-design/components/form-field';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Table from '@cloudscape-design/components/table';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useDeferredValue, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { matchRunbooks, tryPattern } from '@/api/client';
import { Time } from '@/time/Time';
import { Link } from '@/ui/Link';
import { Asked, Foreign, Nothing } from '@/ui/Page';
import { Found } from '../events/Matches';
import type { Fields } from './fields';

export function PatternTester({ fields }: { fields: Fields }) {
  const { t } = useTranslation();
  const body = useDeferredValue({
    service_type: fields.service_type,
    error_pattern: fields.error_pattern,
  });
  const tried = useQuery({
    queryKey: ['events', 'try-pattern', body],
    enabled: body.service_type !== '',
    meta: { still: true },
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => (await tryPattern({ body, signal })).data,
  });
  if (!body.service_type) return <Nothing words={t('pattern.no_service')} />;
  return (
    <SpaceBetween size="l">
      <Asked query={tried}>
        {(found) => (
          <Table
            variant="container"
            items={found.items}
            trackBy="event_id"
            wrapLines
            contentDensity="compact"
            empty={<Nothing words={t('pattern.no_messages')} />}
            header={
              <Header
                variant="h2"
                counter={`(${found.found}/${found.tried})`}
                description={t('pattern.words')}
              >
                {t('pattern.title')}
              </Header>
            }
            columnDefinitions={[
              {
                id: 'found',
                header: t('column.found'),
                width: 120,
                cell: (row) => (
                  <StatusIndicator type={row.found ? 'success' : 'stopped'}>
                    {t(row.found ? 'pattern.fits' : 'pattern.misses')}
                  </StatusIndicator>
                ),
              },
              {
                id: 'event',
                header: t('column.event'),
                isRowHeader: true,
                width: 90,
                cell: (row) => <Link to={`/events/${row.event_id}`}>{`#${row.event_id}`}</Link>,
              },
              {
                id: 'at',
                header: t('column.event_time'),
                width: 230,
                cell: (row) => <Time at={row.event_time} />,
              },
              {
                id: 'message',
                header: t('column.event_message'),
                cell: (row) => <Foreign text={row.event_message} />,
              },
            ]}
          />
        )}
      </Asked>
      <OwnMessage service={body.service_type} />
    </SpaceBetween>
  );
}

/** A message that somebody has at hand, against the runbooks as they are saved. */
function OwnMessage({ service }: { service: string }) {
  const { t } = useTranslation();
  const [text, setText] = useState('');
  const message = useDeferredValue(text.trim());
  const match = useQuery({
    queryKey: ['runbooks', 'match', service, message],
    enabled: message !== '',
    meta: { still: true },
    queryFn: async ({ signal }) =>
      (await matchRunbooks({ body: { service_type: service, message }, signal })).data,
  });
  return (
    <SpaceBetween size="s">
      <FormField label={t('pattern.own')} description={t('pattern.own_more')} stretch>
        <Input value={text} onChange={({ detail }) => setText(detail.value)} />
      </FormField>
      {message && (
        <Box>
          <Asked query={match}>{(found) => <Found match={found} />}</Asked>
        </Box>
      )}
    </SpaceBetween>
  );
}
