/** Signing in: by password, or by the identity provider where there is one. */
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Form from '@cloudscape-design/components/form';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { listWaysToSignIn, signIn } from '@/api/client';
import { told } from '@/api/problems';
import { LanguageChoice } from '@/app/LanguageChoice';
import { useTitle } from '@/ui/Page';
import { sessions } from './current';
import type { WhyOut } from './session';

const PROVIDER = '/api/v1/auth/oidc/sign-in';

export function Entrance({ title, children }: { title: string; children: ReactNode }) {
  useTitle(title);
  return (
    <main className="sign-in">
      <div className="sign-in-head">
        <img src="/favicon.svg" alt="" width="40" height="40" />
        <Box variant="h1">Rescue Bot</Box>
      </div>
      <SpaceBetween size="l">
        {children}
        <Box textAlign="center">
          <LanguageChoice />
        </Box>
      </SpaceBetween>
    </main>
  );
}

/** Why the identity provider has sent somebody back, which is in the address. */
function useRefused(): string {
  const [code] = useState(() => new URLSearchParams(location.search).get('sign_in_refused') ?? '');
  return code;
}

export function SignIn({ why }: { why: WhyOut }) {
  const { t } = useTranslation();
  const refused = useRefused();
  const ways = useQuery({
    queryKey: ['ways'],
    meta: { still: true },
    queryFn: async ({ signal }) => (await listWaysToSignIn({ signal })).data,
  });
  return (
    <Entrance title={t('signin.title')}>
      {why === 'over' && <Alert type="info">{t('signin.over')}</Alert>}
      {why === 'left' && <Alert type="success">{t('signin.left')}</Alert>}
      {refused && (
        <Alert type="error" header={t('signin.refused')}>
          {t(`problem.${refused}`, { defaultValue: refused })}
        </Alert>
      )}
      <ByPassword />
      {ways.data?.oidc && (
        <Button href={PROVIDER} fullWidth iconName="user-profile">
          {t('signin.provider')}
        </Button>
      )}
    </Entrance>
  );
}

function ByPassword() {
  const { t } = useTranslation();
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);

  async function submit() {
    if (busy || !username || !password) return;
    setBusy(true);
    try {
      sessions.accept((await signIn({ body: { username, password } })).data);
    } catch (problem) {
      setError(problem);
      setPassword('');
    } finally {
      setBusy(false);
    }
  }

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <Container header={<Box variant="h2">{t('signin.title')}</Box>}>
        <Form
          errorText={error ? told(t, error).title : undefined}
          actions={
            <Button variant="primary" loading={busy} formAction="submit">
              {t('signin.go')}
            </Button>
          }
        >
          <SpaceBetween size="m">
            <FormField label={t('field.username')}>
              <Input
                value={username}
                autoFocus
                autoComplete="username"
                onChange={({ detail }) => setUsername(detail.value)}
              />
            </FormField>
            <FormField label={t('signin.password')}>
              <Input
                value={password}
                type="password"
                autoComplete="current-password"
                onChange={({ detail }) => setPassword(detail.value)}
              />
            </FormField>
          </SpaceBetween>
        </Form>
      </Container>
    </form>
  );
}
