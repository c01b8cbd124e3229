/** People were not told, or are not told yet: how many notices, what went wrong last, and where. */
import Alert from '@cloudscape-design/components/alert';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useTranslation } from 'react-i18next';
import type { NoticesStanding } from '@/api/client';
import { word } from '@/i18n';
import { Time } from '@/time/Time';
import { Link } from '@/ui/Link';

export function Untold({ notices }: { notices: NoticesStanding }) {
  const { t } = useTranslation();
  const { given_up: lost, late, last_trouble: trouble } = notices;
  if (!lost && !late) return null;
  return (
    <Alert
      type={lost ? 'error' : 'warning'}
      header={lost ? t('untold.lost', { count: lost }) : t('untold.late', { count: late })}
    >
      {lost > 0 && late > 0 && <div>{t('untold.late', { count: late })}</div>}
      {trouble && (
        <div>
          {t('untold.trouble', {
            way: word(t, 'way', trouble.way),
            answer: word(t, 'receipt', trouble.code),
          })}{' '}
          · <Time at={trouble.at} />
        </div>
      )}
      <SpaceBetween direction="horizontal" size="m">
        {lost > 0 && <Link to="/notices?status=given_up&range=24h">{t('untold.see_lost')}</Link>}
        {late > 0 && <Link to="/notices?status=pending">{t('untold.see_late')}</Link>}
      </SpaceBetween>
    </Alert>
  );
}
