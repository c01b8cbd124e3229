/** Choosing a new password; all sessions end with it, so this one begins anew at once. */
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Form from '@cloudscape-design/components/form';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import Input from '@cloudscape-design/components/input';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { changePassword, signIn } from '@/api/client';
import { fieldErrors, told } from '@/api/problems';
import { tell } from '@/ui/notices';
import { sessions } from './current';

const SHORTEST = 12;

/** What is wrong with it before it is sent: a key of the catalogue, or nothing. */
export function wrongWith(next: string, again: string): string {
  if ([...next].length < SHORTEST) return 'password.short';
  return next === again ? '' : 'password.differ';
}

export function PasswordForm({ username, onDone }: { username: string; onDone?: () => void }) {
  const { t } = useTranslation();
  const [old, setOld] = useState('');
  const [next, setNext] = useState('');
  const [again, setAgain] = useState('');
  const [error, setError] = useState<unknown>(null);
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const wrong = wrongWith(next, again);
  const fields = fieldErrors(error);

  async function submit() {
    setTried(true);
    if (busy || wrong || !old) return;
    setBusy(true);
    try {
      await changePassword({ body: { old_password: old, new_password: next } });
      sessions.accept((await signIn({ body: { username, password: next } })).data);
      tell(t('password.done'));
      onDone?.();
    } catch (problem) {
      setError(problem);
    } finally {
      setBusy(false);
    }
  }

  const nextError = fields.new_password ?? (tried && wrong ? t(wrong) : undefined);
  const general = error && !Object.keys(fields).length ? told(t, error) : null;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <Container header={<Header variant="h2">{t('password.title')}</Header>}>
        <Form
          errorText={general ? `${general.title} ${general.detail}` : undefined}
          actions={
            <Button variant="primary" loading={busy} formAction="submit">
              {t('password.go')}
            </Button>
          }
        >
          <SpaceBetween size="m">
            <FormField label={t('password.old')} errorText={fields.old_password}>
              <Input
                type="password"
                autoComplete="current-password"
                value={old}
                onChange={({ detail }) => setOld(detail.value)}
              />
            </FormField>
            <FormField
              label={t('password.new')}
              constraintText={t('password.rule')}
              errorText={nextError}
            >
              <Input
                type="password"
                autoComplete="new-password"
                value={next}
                onChange={({ detail }) => setNext(detail.value)}
              />
            </FormField>
            <FormField label={t('password.again')}>
              <Input
                type="password"
                autoComplete="new-password"
                value={again}
                onChange={({ detail }) => setAgain(detail.value)}
              />
            </FormField>
          </SpaceBetween>
        </Form>
      </Container>
    </form>
  );
}
