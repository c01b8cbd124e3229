/** The frame of a page's content: its name, its actions, and what is shown while there is nothing. */
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import ContentLayout from '@cloudscape-design/components/content-layout';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useEffect, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { told } from '@/api/problems';

interface PageProps {
  title: string;
  description?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}

export function Page({ title, description, actions, children }: PageProps) {
  useTitle(title);
  return (
    <ContentLayout
      header={
        <Header variant="h1" description={description} actions={actions}>
          {title}
        </Header>
      }
    >
      {children}
    </ContentLayout>
  );
}

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Rescue Bot`;
  }, [title]);
}

/** Grey bars in the shape of what is coming. */
export function Skeleton({ lines = 4 }: { lines?: number }) {
  const { t } = useTranslation();
  return (
    <div role="status" aria-label={t('common.loading')} className="skeleton">
      {Array.from({ length: lines }, (_, place) => (
        <span key={place} />
      ))}
    </div>
  );
}

/** What went wrong, what can be done, and a button for doing it. */
export function Failure({ error, again }: { error: unknown; again?: () => void }) {
  const { t } = useTranslation();
  const { title, detail, remedy } = told(t, error);
  return (
    <Alert
      type="error"
      header={title}
      action={again && <Button onClick={again}>{t('common.again')}</Button>}
    >
      {detail} {remedy}
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

interface AskedProps<T> {
  query: { data: T | undefined; error: unknown; refetch: () => unknown };
  lines?: number;
  children: (data: T) => ReactNode;
}

/** A query as a part of a page: loading, failed, or there. */
export function Asked<T>({ query, lines, children }: AskedProps<T>) {
  if (query.data !== undefined) return children(query.data);
  if (query.error) return <Failure error={query.error} again={() => void query.refetch()} />;
  return <Skeleton lines={lines} />;
}
