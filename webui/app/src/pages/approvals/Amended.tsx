/** What exactly would run; where a person has edited it, what was proposed at first beside it. */
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Container from '@cloudscape-design/components/container';
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useTranslation } from 'react-i18next';
import type { Amended, ApprovalWhole } from '@/api/client';
import { Time } from '@/time/Time';
import { Link } from '@/ui/Link';
import { Foreign } from '@/ui/Page';
import { Fix } from '../executions/Fix';
import { Compared } from './Compared';
import { solutionOf } from './edit';

export function What({ whole }: { whole: ApprovalWhole }) {
  const { t } = useTranslation();
  return (
    <Container header={<Header variant="h2">{t('approval.what')}</Header>}>
      <SpaceBetween size="s">
        {whole.amended && <Edited amended={whole.amended} fix={whole.fix} />}
        <Fix fix={whole.fix} />
        <Box fontSize="body-s" color="text-body-secondary">
          {t('approval.digest')} <span className="mono">{whole.approval.digest}</span>
        </Box>
      </SpaceBetween>
    </Container>
  );
}

interface EditedProps {
  amended: Amended;
  fix: ApprovalWhole['fix'];
}

function Edited({ amended, fix }: EditedProps) {
  const { t } = useTranslation();
  const { original, runbook_id } = amended;
  return (
    <SpaceBetween size="s">
      <Alert type="info" header={t('approval.edited_title')}>
        <SpaceBetween size="xxs">
          {amended.changes.map((one) => (
            <div key={one.number}>
              {t('approval.edited_by')}: {one.amended_by} · <Time at={one.amended_at} />
              {one.comment && (
                <>
                  {' · '}
                  <Foreign text={one.comment} />
                </>
              )}
            </div>
          ))}
          {runbook_id !== null && (
            <div>
              {t('approval.edited_from')}{' '}
              <Link to={`/runbooks/${runbook_id}`}>{t('runbook.one', { id: runbook_id })}</Link>
            </div>
          )}
        </SpaceBetween>
      </Alert>
      {original ? (
        <ExpandableSection headerText={t('approval.edited_diff')} defaultExpanded>
          <Compared
            before={solutionOf(original)}
            after={solutionOf(fix)}
            labels={['approval.original', 'approval.edited']}
          />
        </ExpandableSection>
      ) : (
        <Alert type="error" header={t('approval.original_lost')}>
          {t('approval.original_lost_words')}
        </Alert>
      )}
    </SpaceBetween>
  );
}
