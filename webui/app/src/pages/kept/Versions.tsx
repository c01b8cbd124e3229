/** What was made of it, newest first; what each version changed; bringing one back. */
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Version } from '@/api/client';
import { useMay } from '@/auth/roles';
import { word } from '@/i18n';
import { Time } from '@/time/Time';
import { Asked, Nothing } from '@/ui/Page';
import { Code } from '@/ui/Text';
import { Back } from './Back';
import type { Kept, Row, Seen } from './kept';

interface Props<R extends Row, F extends object> {
  kept: Kept<R, F>;
  seen: Seen<R>;
}

export function Versions<R extends Row, F extends object>({ kept, seen }: Props<R, F>) {
  const { t } = useTranslation();
  const { row } = seen;
  const may = useMay('operator') && !row.deleted_at;
  const [shown, setShown] = useState<Version | null>(null);
  const [back, setBack] = useState<Version | null>(null);
  const versions = useQuery({
    queryKey: [kept.topic, 'versions', row.id],
    queryFn: async () => (await kept.versions(row.id)).data.items,
  });
  return (
    <SpaceBetween size="l">
      <Asked query={versions}>
        {(items) => (
          <Table
            variant="container"
            items={items}
            trackBy="number"
            selectionType="single"
            selectedItems={shown ? [shown] : items.slice(0, 1)}
            onSelectionChange={({ detail }) => setShown(detail.selectedItems[0] ?? null)}
            ariaLabels={{
              selectionGroupLabel: t('version.choose'),
              itemSelectionLabel: (_, one) => t('version.number', { n: one.number }),
              tableLabel: t('version.title'),
            }}
            header={<Header variant="h2">{t('version.title')}</Header>}
            columnDefinitions={[
              {
                id: 'number',
                header: t('column.version'),
                isRowHeader: true,
                cell: (one) => t('version.number', { n: one.number }),
              },
              {
                id: 'change',
                header: t('column.change'),
                cell: (one) => word(t, 'change', one.change),
              },
              { id: 'by', header: t('column.changed_by'), cell: (one) => one.changed_by },
              {
                id: 'at',
                header: t('column.changed_at'),
                cell: (one) => <Time at={one.changed_at} />,
              },
              {
                id: 'do',
                header: t('column.do'),
                cell: (one) =>
                  may && one.number !== row.version ? (
                    <Button variant="inline-link" onClick={() => setBack(one)}>
                      {t('version.back')}
                    </Button>
                  ) : (
                    '–'
                  ),
              },
            ]}
          />
        )}
      </Asked>
      {versions.data?.[0] && (
        <Changed kept={kept} id={row.id} version={shown ?? versions.data[0]} />
      )}
      {back && <Back kept={kept} seen={seen} number={back.number} onEnd={() => setBack(null)} />}
    </SpaceBetween>
  );
}

interface ChangedProps<R extends Row, F extends object> {
  kept: Kept<R, F>;
  id: number;
  version: Version;
}

function Changed<R extends Row, F extends object>({ kept, id, version }: ChangedProps<R, F>) {
  const { t } = useTranslation();
  const { number } = version;
  const found = useQuery({
    queryKey: [kept.topic, 'diff', id, number],
    enabled: number > 1,
    meta: { still: true },
    queryFn: async () => (await kept.diff(id, number - 1, number)).data.diff,
  });
  const title = t('version.changed', { n: number });
  return (
    <Container header={<Header variant="h2">{title}</Header>}>
      {number === 1 ? (
        <Nothing words={t('version.first')} />
      ) : (
        <Asked query={found}>
          {(diff) =>
            diff ? (
              <Code value={diff} label={title} language="diff" wrap />
            ) : (
              <Nothing words={t('version.same')} />
            )
          }
        </Asked>
      )}
    </Container>
  );
}
