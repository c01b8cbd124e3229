/** CodeMirror as a component: for scripts, patterns and logs; it injects styles by the page's nonce. */
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { bracketMatching } from '@codemirror/language';
import { setDiagnostics } from '@codemirror/lint';
import { search, searchKeymap, highlightSelectionMatches } from '@codemirror/search';
import { Compartment, EditorState, type Extension } from '@codemirror/state';
import { Decoration, EditorView, keymap, lineNumbers } from '@codemirror/view';
import { useEffect, useEffectEvent, useRef } from 'react';
import { complaintsOf, type Complaint } from './complaints';
import { languageOf, type Written } from './languages';
import { nonceOfPage, rescueTheme } from './look';

export interface EditorProps {
  value: string;
  label: string;
  language?: Written;
  onChange?: (value: string) => void;
  /** What is wrong with it, said by the server. */
  wrong?: string;
  wrap?: boolean;
  tall?: boolean;
  /** Scroll to the end when the text changes and one is there already. */
  follow?: boolean;
}

const names = new Compartment();
const wraps = new Compartment();
const speaks = new Compartment();
const faults = new Compartment();

/** The line of that number; of a text that has become shorter its last one. */
function lineAt({ state: { doc } }: EditorView, line: number) {
  return doc.line(Math.min(Math.max(line, 1), doc.lines));
}

/** Also an empty line shows that it is the one: often the end of the text is what is wrong. */
function faultyLines(found: readonly Complaint[]): Extension {
  if (!found.length) return [];
  return EditorView.decorations.of((editor) => {
    const places = new Set(found.map(({ line }) => lineAt(editor, line).from));
    const lines = [...places].map((from) => Decoration.line({ class: 'cm-faulty' }).range(from));
    return Decoration.set(lines, true);
  });
}

function setUp(readOnly: boolean): Extension {
  return [
    EditorView.cspNonce.of(nonceOfPage()),
    lineNumbers(),
    history(),
    bracketMatching(),
    search({ top: true }),
    highlightSelectionMatches(),
    // Tab moves on to the next field, as everywhere on the page.
    keymap.of([...defaultKeymap, ...historyKeymap, ...searchKeymap]),
    rescueTheme,
    EditorState.readOnly.of(readOnly),
    // Also what cannot be changed can be walked through and copied by keyboard.
    EditorView.contentAttributes.of({ tabindex: '0' }),
  ];
}

/** What people do to look at another place. */
const OWN_MOVES = ['wheel', 'touchstart', 'mousedown', 'keydown'] as const;

/**
 * Keeps the editor at its end until the person goes elsewhere. The heights of lines that were never
 * shown are guesses, so the end moves while one goes there. Only the editor scrolls, not the page.
 */
function staysAtEnd(follows: { current: boolean }): Extension {
  const down = ({ scrollDOM }: EditorView) => {
    if (follows.current) scrollDOM.scrollTop = scrollDOM.scrollHeight;
    return follows.current;
  };
  return [
    EditorView.scrollHandler.of(down),
    EditorView.updateListener.of(({ geometryChanged, view }) => {
      if (geometryChanged && follows.current) requestAnimationFrame(() => down(view));
    }),
  ];
}

export default function Editor(props: EditorProps) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const follows = useRef(false);
  const changed = useEffectEvent((text: string) => props.onChange?.(text));
  const { value, label, language, wrap = false, wrong, follow } = props;
  const readOnly = !props.onChange;

  useEffect(() => {
    if (!place.current) return;
    const made = new EditorView({
      parent: place.current,
      state: EditorState.create({
        extensions: [
          setUp(readOnly),
          names.of([]),
          wraps.of([]),
          speaks.of([]),
          faults.of([]),
          staysAtEnd(follows),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) changed(update.state.doc.toString());
          }),
        ],
      }),
    });
    const leave = () => (follows.current = false);
    for (const move of OWN_MOVES) made.dom.addEventListener(move, leave, { passive: true });
    view.current = made;
    return () => made.destroy();
  }, [readOnly]);

  useEffect(() => {
    const name = EditorView.contentAttributes.of({ 'aria-label': label });
    view.current?.dispatch({ effects: names.reconfigure(name) });
  }, [label, readOnly]);

  useEffect(() => {
    const editor = view.current;
    if (!editor || editor.state.doc.toString() === value) return;
    follows.current = Boolean(follow);
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: value } });
    // Of what is shown first, the end is: the handler above goes there.
    const end = EditorView.scrollIntoView(editor.state.doc.length, { y: 'end' });
    if (follow) editor.dispatch({ effects: end });
  }, [value, follow, readOnly]);

  useEffect(() => {
    const lines = wrap ? EditorView.lineWrapping : [];
    view.current?.dispatch({ effects: wraps.reconfigure(lines) });
  }, [wrap, readOnly]);

  useEffect(() => {
    view.current?.dispatch({ effects: speaks.reconfigure(languageOf(language)) });
  }, [language, readOnly]);

  useEffect(() => {
    const editor = view.current;
    if (!editor) return;
    const found = complaintsOf(wrong);
    const diagnostics = found.map(({ line, message }) => {
      const { from, to } = lineAt(editor, line);
      return { from, to, severity: 'error' as const, message };
    });
    editor.dispatch(setDiagnostics(editor.state, diagnostics), {
      effects: faults.reconfigure(faultyLines(found)),
    });
  }, [wrong, readOnly]);

  return <div ref={place} className={props.tall ? 'editor editor-tall' : 'editor'} />;
}
