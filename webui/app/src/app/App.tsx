/** The application: words first, then who it is, then what they came for. */
import I18nProvider, { type I18nProviderProps } from '@cloudscape-design/components/i18n';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { useSession } from '@/auth/current';
import { OwedPassword } from '@/auth/OwedPassword';
import { SignIn } from '@/auth/SignIn';
import { speak } from '@/i18n';
import { queries } from '@/live/current';
import { Boundary } from './Boundary';
import { isLanguage, prefer, usePreferences } from './preferences';
import { router } from './router';

interface Spoken {
  language: string;
  messages: I18nProviderProps.Messages;
}

function useSpoken(): Spoken | null {
  const { language } = usePreferences();
  const [spoken, setSpoken] = useState<Spoken | null>(null);
  useEffect(() => {
    let wanted = true;
    void speak(language).then((messages) => {
      if (wanted) setSpoken({ language, messages });
    });
    return () => {
      wanted = false;
    };
  }, [language]);
  return spoken;
}

export function App() {
  const spoken = useSpoken();
  if (!spoken) return null;
  return (
    <I18nProvider locale={spoken.language} messages={[spoken.messages]}>
      <QueryClientProvider client={queries}>
        <Boundary>
          <Inside />
        </Boundary>
      </QueryClientProvider>
    </I18nProvider>
  );
}

/** Whoever has to sign in does it where they are: the address stays, so they are back at once. */
function Inside() {
  const session = useSession();
  const locale = session.state === 'in' ? session.user.locale : '';
  useAccountLanguage(locale);
  useForgetting(session.state === 'in' ? session.user.id : null);
  if (session.state === 'starting') return null;
  if (session.state === 'out') return <SignIn why={session.why} />;
  if (session.user.must_change_password) return <OwedPassword user={session.user} />;
  return <RouterProvider router={router} />;
}

function useAccountLanguage(locale: string): void {
  const { languageChosen } = usePreferences();
  useEffect(() => {
    if (!languageChosen && isLanguage(locale)) prefer({ language: locale });
  }, [locale, languageChosen]);
}

/** What one person has seen is not shown to the next one at this screen. */
function useForgetting(userId: number | null): void {
  useEffect(() => {
    if (userId !== null) return () => queries.clear();
    return undefined;
  }, [userId]);
}
