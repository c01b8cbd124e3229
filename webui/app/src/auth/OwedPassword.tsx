/** Whoever came in with a password for once chooses their own before anything else. */
import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import { useTranslation } from 'react-i18next';
import type { User } from '@/api/client';
import { sessions } from './current';
import { PasswordForm } from './PasswordForm';
import { Entrance } from './SignIn';

export function OwedPassword({ user }: { user: User }) {
  const { t } = useTranslation();
  return (
    <Entrance title={t('password.owed_title')}>
      <Alert type="info">{t('password.owed', { name: user.username })}</Alert>
      <PasswordForm username={user.username} />
      <Button variant="link" onClick={() => void sessions.leave()}>
        {t('top.sign_out')}
      </Button>
    </Entrance>
  );
}
