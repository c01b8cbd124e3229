/** Two texts side by side with what differs: what is there now, and what one wants. */
import { MergeView } from '@codemirror/merge';
import { EditorState, type Extension } from '@codemirror/state';
import { EditorView, lineNumbers } from '@codemirror/view';
import { useEffect, useRef } from 'react';
import { nonceOfPage, rescueTheme } from './look';

interface Props {
  before: string;
  after: string;
  labels: readonly [string, string];
}

function shown(label: string): Extension {
  return [
    EditorView.cspNonce.of(nonceOfPage()),
    lineNumbers(),
    rescueTheme,
    EditorView.lineWrapping,
    EditorState.readOnly.of(true),
    EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0' }),
  ];
}

export default function Diff({ before, after, labels: [left, right] }: Props) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!place.current) return;
    const view = new MergeView({
      parent: place.current,
      a: { doc: before, extensions: shown(left) },
      b: { doc: after, extensions: shown(right) },
      collapseUnchanged: { margin: 3 },
    });
    return () => view.destroy();
  }, [before, after, left, right]);
  return <div ref={place} className="diff" />;
}
