/** What would be decided about an event if it came in now; nothing is run or kept. */
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { simulateEvent } from '@/api/client';
import { wouldBe } from '@/i18n';
import { English } from '@/ui/English';
import { Failure } from '@/ui/Page';

export function Simulation({ id }: { id: number }) {
  const { t } = useTranslation();
  const asked = useMutation({
    mutationFn: async () => (await simulateEvent({ path: { event_id: id } })).data,
  });
  return (
    <Container
      header={
        <Header
          variant="h2"
          description={t('simulate.description')}
          actions={
            <Button loading={asked.isPending} onClick={() => asked.mutate()}>
              {t('simulate.go')}
            </Button>
          }
        >
          {t('simulate.title')}
        </Header>
      }
    >
      <SpaceBetween size="s">
        {asked.error && <Failure error={asked.error} />}
        {asked.data && (
          <>
            <strong>{wouldBe(t, asked.data.would)}</strong>
            <English>{asked.data.words}</English>
            <ul>
              {asked.data.decisions.map((one, place) => (
                <li key={place} lang="en">
                  {one.words}
                </li>
              ))}
            </ul>
          </>
        )}
      </SpaceBetween>
    </Container>
  );
}
