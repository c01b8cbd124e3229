/** An address that leads nowhere, and the way back. */
import { useTranslation } from 'react-i18next';
import { Link } from '@/ui/Link';
import { Nothing, Page } from '@/ui/Page';

export function NotFound() {
  const { t } = useTranslation();
  return (
    <Page title={t('notfound.title')}>
      <Nothing words={t('notfound.words')}>
        <Link to="/">{t('nav.dashboard')}</Link>
      </Nothing>
    </Page>
  );
}
