/** Which runbook fits an event now, what else does, and what nearly does and why not. */
import Box from '@cloudscape-design/components/box';
import Container from '@cloudscape-design/components/container';
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { useTranslation } from 'react-i18next';
import type { Match } from '@/api/client';
import { May } from '@/auth/roles';
import { Link } from '@/ui/Link';
import { Asked } from '@/ui/Page';
import { ModeBadge } from '@/ui/words';
import { useMatches } from './parts';

export function Matches({ id }: { id: number }) {
  const { t } = useTranslation();
  return (
    <Container
      header={
        <Header variant="h2" description={t('match.description')}>
          {t('match.title')}
        </Header>
      }
    >
      <Asked query={useMatches(id)}>{(match) => <Found match={match} />}</Asked>
    </Container>
  );
}

export function Found({ match }: { match: Match }) {
  const { t } = useTranslation();
  return (
    <SpaceBetween size="s">
      {!match.matched.length && (
        <>
          <StatusIndicator type="warning">{t('match.none')}</StatusIndicator>{' '}
          <May least="operator">
            <Link to={`/runbooks/new`}>{t('match.write')}</Link>
          </May>
        </>
      )}
      {match.matched.map((fit) => (
        <div key={fit.id}>
          <SpaceBetween direction="horizontal" size="xs">
            <Link to={`/runbooks/${fit.id}`}>{fit.title}</Link>
            <ModeBadge value={fit.mode} />
            {fit.id === match.winner && <strong>{t('match.winner')}</strong>}
          </SpaceBetween>
          <Box color="text-body-secondary" fontSize="body-s">
            {fit.reason}
          </Box>
        </div>
      ))}
      {match.near.length > 0 && (
        <ExpandableSection headerText={t('match.near', { count: match.near.length })}>
          <SpaceBetween size="xs">
            {match.near.map((miss) => (
              <div key={miss.id}>
                <Link to={`/runbooks/${miss.id}`}>{miss.title}</Link>
                <Box color="text-body-secondary" fontSize="body-s">
                  {miss.words}
                </Box>
              </div>
            ))}
          </SpaceBetween>
        </ExpandableSection>
      )}
    </SpaceBetween>
  );
}
