/** Text that was written elsewhere, in an editor that only shows it; loaded when it is needed. */
import { lazy, Suspense } from 'react';
import type { EditorProps } from './editor/Editor';
import { Skeleton } from './Page';
import { part } from './renewed';

const Editor = lazy(() => part(() => import('./editor/Editor')));

export type { EditorProps };

export function Code(props: EditorProps) {
  return (
    <Suspense fallback={<Skeleton lines={3} />}>
      <Editor {...props} />
    </Suspense>
  );
}
