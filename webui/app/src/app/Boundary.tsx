/** A page that breaks says so, and how to go on; the rest of the console stays. */
import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import { Component, useEffect, type ErrorInfo, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Problem, told } from '@/api/problems';

interface Props {
  children: ReactNode;
}

export class Boundary extends Component<Props, { error: unknown }> {
  override state = { error: null };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override componentDidCatch(error: unknown, info: ErrorInfo) {
    console.error('page_broken', error, info.componentStack);
  }

  override render() {
    return this.state.error ? <Broken error={this.state.error} /> : this.props.children;
  }
}

export function Broken({ error }: { error: unknown }) {
  const { t } = useTranslation();
  const { title, remedy } = told(t, error);
  useReturn(error);
  return (
    <Alert
      type="error"
      header={title}
      action={<Button onClick={() => location.reload()}>{t('problem.reload_now')}</Button>}
    >
      {remedy}
    </Alert>
  );
}

/** A page that could not be had without a network comes by itself once there is one again. */
function useReturn(error: unknown): void {
  const isOffline = error instanceof Problem && error.code === 'offline';
  useEffect(() => {
    if (!isOffline) return undefined;
    const reload = () => location.reload();
    addEventListener('online', reload);
    return () => removeEventListener('online', reload);
  }, [isOffline]);
}
