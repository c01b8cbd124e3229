/** A page that breaks says so, and how to go on; the rest of the console stays. */
import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import { Component, type ErrorInfo, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

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
    return this.state.error ? <Broken /> : this.props.children;
  }
}

export function Broken() {
  const { t } = useTranslation();
  return (
    <Alert
      type="error"
      header={t('problem.page_broken')}
      action={<Button onClick={() => location.reload()}>{t('problem.reload_now')}</Button>}
    >
      {t('problem.reload')}
    </Alert>
  );
}
