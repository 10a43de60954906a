import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Progress } from '../../../client/cli/progress.ts';

class Stream {
  text = '';
  readonly isTTY: boolean;
  readonly columns: number;

  constructor(isTTY: boolean, columns = 80) {
    this.isTTY = isTTY;
    this.columns = columns;
  }

  write(text: string): void {
    this.text += text;
  }
}

describe('progress', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('says nothing where there is no terminal', () => {
    const stream = new Stream(false);
    const progress = new Progress('Running', stream);
    vi.advanceTimersByTime(10_000);
    progress.update(0.5);
    progress.end();
    expect(stream.text).toBe('');
  });

  it('says nothing about short work', () => {
    const stream = new Stream(true);
    const progress = new Progress('Running', stream);
    progress.update(0.9);
    vi.advanceTimersByTime(400);
    progress.update(1);
    progress.end();
    expect(stream.text).toBe('');
  });

  it('shows the share of long work, and takes the line away', () => {
    const stream = new Stream(true);
    const progress = new Progress('Running', stream);
    progress.update(0.5);
    vi.advanceTimersByTime(2000);
    expect(stream.text).toContain(`Running [${'#'.repeat(12)}${' '.repeat(12)}] 50 % 2 s`);
    progress.end();
    expect(stream.text.endsWith('\r\u001b[K')).toBe(true);
    const { text } = stream;
    vi.advanceTimersByTime(2000);
    expect(stream.text).toBe(text);
  });

  it('moves where the share is unknown', () => {
    const stream = new Stream(true);
    new Progress('Compiling', stream);
    vi.advanceTimersByTime(1000);
    const lines = stream.text.split('\r\u001b[K').filter(line => line !== '');
    expect(lines.length).toBeGreaterThan(3);
    expect(new Set(lines).size).toBeGreaterThan(3);
    expect(lines.join()).not.toContain('%');
  });

  it('never wraps', () => {
    const stream = new Stream(true, 20);
    const progress = new Progress('Compiling', stream);
    vi.advanceTimersByTime(1000);
    progress.end();
    for (const line of stream.text.split('\r\u001b[K')) expect(line.length).toBeLessThan(20);
  });
});
