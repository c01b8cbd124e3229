/** What an approver reads and writes: differences out of a preview, a change that is sent. */
import { describe, expect, it } from 'vitest';
import { asText, isChanged, readArguments, solutionOf, wantedOf } from '@/pages/approvals/edit';
import { diffsIn } from '@/pages/approvals/preview';

const OUTPUT = `local:
----------
          ID: shop_is_marked
    Function: file.managed
      Result: None
     Changes:
              ----------
              diff:
                  ---
                  +++
                  @@ -1 +1 @@
                  -before
                  +  after
          ID: shop_is_started
    Function: cmd.run
      Result: None
     Changes:

Summary for local
`;

describe('the differences in a preview', () => {
  it('are taken out of what Salt says, each with its state', () => {
    expect(diffsIn(OUTPUT)).toEqual([
      { name: 'shop_is_marked', diff: '---\n+++\n@@ -1 +1 @@\n-before\n+  after' },
    ]);
  });

  it('are none where nothing differs or the text is something else', () => {
    expect(diffsIn('')).toEqual([]);
    expect(diffsIn('diff:\n  -a')).toEqual([]);
    expect(diffsIn('    diff:\n')).toEqual([]);
    expect(diffsIn(OUTPUT.replace(/ {18}.*\n/g, ''))).toEqual([]);
  });
});

describe('a change of what waits', () => {
  const before = solutionOf({ kind: 'shell', solution: 'true\n', arguments: { a: 1 } });

  it('begins with what is pinned, whatever shape that has', () => {
    expect(before).toEqual({ kind: 'shell', solution: 'true\n', arguments: '{\n  "a": 1\n}' });
    expect(solutionOf(null)).toEqual({ kind: '', solution: '', arguments: '{}' });
    expect(solutionOf({ kind: 7, solution: [] })).toMatchObject({ kind: '', solution: '' });
  });

  it('sends arguments only when they say something else', () => {
    const same = { ...before, solution: 'false\n', arguments: '{"a":1}' };
    expect(wantedOf(before, same)).toEqual({ solution: 'false\n' });
    const other = { ...before, arguments: '{"a": 2}' };
    expect(wantedOf(before, other)).toEqual({ solution: 'true\n', arguments: { a: 2 } });
    expect(wantedOf(before, { ...before, arguments: '' })).toEqual({
      solution: 'true\n',
      arguments: {},
    });
  });

  it('is one only if something would be sent that is not there yet', () => {
    expect(isChanged(before, before)).toBe(false);
    expect(isChanged(before, { ...before, arguments: '{"a":1}' })).toBe(false);
    expect(isChanged(before, { ...before, arguments: '{}' })).toBe(true);
    expect(isChanged(before, { ...before, solution: 'true' })).toBe(true);
  });

  it('takes names and values for arguments and nothing else', () => {
    expect(readArguments('{"a": "b"}')).toEqual({ a: 'b' });
    expect(readArguments('  ')).toEqual({});
    for (const text of ['[1]', 'null', '7', '{', '"a"']) expect(readArguments(text)).toBeNull();
  });

  it('is compared with its arguments where there are any', () => {
    expect(asText({ ...before, arguments: '{}' })).toBe('true\n');
    expect(asText(before)).toContain('# arguments\n{\n  "a": 1\n}');
    expect(asText({ ...before, arguments: '{' })).toContain('# arguments');
  });
});
