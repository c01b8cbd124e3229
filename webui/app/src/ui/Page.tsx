/** The frame of a page's content: its name, its actions, and what is shown while there is nothing. */
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import ContentLayout from '@cloudscape-design/components/content-layout';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { useEffect, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Problem, told } from '@/api/problems';
import { usePreferences } from '@/app/preferences';
import { absolute } from '@/time/time';
import { useArrival } from './arrival';
import { Beneath } from './English';

interface PageProps {
  title: string;
  description?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}

export function Page({ title, description, actions, children }: PageProps) {
  useTitle(title);
  const place = useArrival();
  return (
    <div ref={place}>
      <ContentLayout
        header={
          <Header variant="h1" description={description} actions={actions}>
            {title}
          </Header>
        }
      >
        {children}
      </ContentLayout>
    </div>
  );
}

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Rescue Bot`;
  }, [title]);
}

const SLOW_MS = 5_000;

/** Grey bars in the shape of what is coming; after a while a word that it is still being waited for. */
export function Skeleton({ lines = 4 }: { lines?: number }) {
  const { t } = useTranslation();
  const [isSlow, setSlow] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), SLOW_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <>
      <div role="status" aria-label={t('common.loading')} className="skeleton">
        {Array.from({ length: lines }, (_, place) => (
          <span key={place} />
        ))}
      </div>
      {isSlow && <StatusIndicator type="loading">{t('stale.slow')}</StatusIndicator>}
    </>
  );
}

/** What went wrong, what can be done, and a button for doing it. */
export function Failure({ error, again }: { error: unknown; again?: () => void }) {
  const { t } = useTranslation();
  const words = told(t, error);
  return (
    <Alert
      type="error"
      header={words.title}
      action={again && <Button onClick={again}>{t('common.again')}</Button>}
    >
      <Beneath {...words} />
    </Alert>
  );
}

export function Nothing({ words, children }: { words: string; children?: ReactNode }) {
  return (
    <Box textAlign="center" color="inherit" padding={{ vertical: 'l' }}>
      <SpaceBetween size="s">
        <Box color="inherit">{words}</Box>
        {children}
      </SpaceBetween>
    </Box>
  );
}

/** Foreign text: as text, with its line breaks. */
export function Foreign({ text }: { text: string }) {
  return <span className="foreign">{text}</span>;
}

/** What of a query says whether its answer is there, and of when it is. */
export interface Question {
  data: unknown;
  error: unknown;
  refetch: () => unknown;
  dataUpdatedAt?: number;
  fetchStatus?: 'fetching' | 'paused' | 'idle';
}

/** Why there is nothing to show, or null while it is still being asked for. */
export function failureOf(query: Question): unknown {
  if (query.data !== undefined) return null;
  // Without a network nothing is asked: it would wait for ever.
  const waits = query.fetchStatus === 'paused';
  return query.error ?? (waits ? new Problem({ status: 0, code: 'offline' }) : null);
}

/** What was read before stays on the screen when it cannot be read again; it says how old it is. */
export function Stale({ query }: { query: Question }) {
  const { t } = useTranslation();
  const { zone } = usePreferences();
  if (!query.error || query.data === undefined || !query.dataUpdatedAt) return null;
  const at = absolute(new Date(query.dataUpdatedAt).toISOString(), zone);
  return (
    <div role="status">
      <StatusIndicator type="warning">
        {t('stale.words', { at, why: told(t, query.error).title })}
      </StatusIndicator>{' '}
      <Button variant="inline-link" onClick={() => void query.refetch()}>
        {t('common.again')}
      </Button>
    </div>
  );
}

interface AskedProps<T> {
  query: Question & { data: T | undefined };
  lines?: number;
  children: (data: T) => ReactNode;
}

/** A query as a part of a page: loading, failed, there, or there from before. */
export function Asked<T>({ query, lines, children }: AskedProps<T>) {
  if (query.data !== undefined) {
    return (
      <>
        <Stale query={query} />
        {children(query.data)}
      </>
    );
  }
  const failure = failureOf(query);
  if (failure) return <Failure error={failure} again={() => void query.refetch()} />;
  return <Skeleton lines={lines} />;
}
