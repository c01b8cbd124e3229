/** What somebody may change of themselves: name, password, and where they are signed in. */
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import Input from '@cloudscape-design/components/input';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { signOutEverywhere, updateMe } from '@/api/client';
import { sessions, useSession } from '@/auth/current';
import { PasswordForm } from '@/auth/PasswordForm';
import { word } from '@/i18n';
import { Confirm } from '@/ui/Confirm';
import { tell, tellError } from '@/ui/notices';
import { Page } from '@/ui/Page';

export default function Me() {
  const { t } = useTranslation();
  const session = useSession();
  const [asked, setAsked] = useState(false);
  if (session.state !== 'in') return null;
  const { user } = session;
  return (
    <Page title={t('top.me')} description={`${user.username} · ${word(t, 'role', user.role)}`}>
      <SpaceBetween size="l">
        <Name name={user.display_name} />
        <PasswordForm username={user.username} />
        <Container header={<Header variant="h2">{t('me.everywhere')}</Header>}>
          <SpaceBetween size="s">
            {t('me.everywhere_words')}
            <Button onClick={() => setAsked(true)}>{t('me.everywhere_go')}</Button>
          </SpaceBetween>
        </Container>
      </SpaceBetween>
      {asked && (
        <Confirm
          title={t('me.everywhere')}
          words={t('me.everywhere_words')}
          button={t('me.everywhere_go')}
          onEnd={() => setAsked(false)}
          onDo={async () => {
            await signOutEverywhere();
            sessions.drop('left');
          }}
        />
      )}
    </Page>
  );
}

function Name({ name }: { name: string }) {
  const { t } = useTranslation();
  const [text, setText] = useState(name);
  async function save() {
    try {
      await updateMe({ body: { display_name: text.trim() } });
      tell(t('me.saved'));
    } catch (error) {
      tellError(t, error);
    }
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <Container
        header={<Header variant="h2">{t('me.name')}</Header>}
        footer={<Button formAction="submit">{t('common.save')}</Button>}
      >
        <FormField label={t('column.display_name')} description={t('me.name_words')}>
          <Input value={text} onChange={({ detail }) => setText(detail.value.slice(0, 100))} />
        </FormField>
      </Container>
    </form>
  );
}
