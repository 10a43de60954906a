import type { Cell } from './cell.ts';

/** What pointer and keyboard do to the picture. Points and distances in device pixels. */
export interface Navigation {
  panBy(dx: number, dy: number): void;
  zoomAt(factor: number, x: number, y: number): void;
  zoom(factor: number): void;
  fit(): void;
  /** The pointer is over a point, or has left. */
  point(at: { readonly x: number; readonly y: number } | undefined): void;
  /** A click that was no drag. */
  pick(x: number, y: number): void;
  /** Moves the cell cursor by so many cells, or pixels where those cover more. */
  step(rows: number, columns: number): void;
  /** Moves it to the first or last key of its row, or of the whole mask. */
  jump(to: 'first' | 'last', whole: boolean): void;
  /** Moves it by a screen. */
  page(screens: number): void;
  /** Shows in the editor what the cursor is on. */
  reveal(): void;
  leave(): void;
  /** Asks for a cell to go to; `typed` is its beginning. */
  askCell(typed: string): void;
}

/** Pixels that the pointer may move before a press counts as dragging. */
const DRAG_THRESHOLD = 4;

/** Has an element take pointer and keys. */
export function listen(element: HTMLElement, navigation: Navigation): void {
  listenToPointer(element, navigation);
  element.addEventListener('keydown', event => {
    if (event.altKey || event.metaKey) return;
    const action = keyAction(event, navigation);
    if (action === undefined) return;
    event.preventDefault();
    action();
  });
}

function listenToPointer(element: HTMLElement, navigation: Navigation): void {
  const pixelOf = (event: MouseEvent): { x: number; y: number } => {
    const bounds = element.getBoundingClientRect();
    return { x: (event.clientX - bounds.left) * devicePixelRatio, y: (event.clientY - bounds.top) * devicePixelRatio };
  };
  let drag: { x: number; y: number; moved: boolean } | undefined;
  element.addEventListener('pointerdown', event => {
    if (event.button !== 0) return;
    element.setPointerCapture(event.pointerId);
    drag = { x: event.clientX, y: event.clientY, moved: false };
  });
  element.addEventListener('pointermove', event => {
    if (drag !== undefined) {
      const dx = event.clientX - drag.x;
      const dy = event.clientY - drag.y;
      if (drag.moved || Math.hypot(dx, dy) >= DRAG_THRESHOLD) {
        drag = { x: event.clientX, y: event.clientY, moved: true };
        navigation.panBy(dx * devicePixelRatio, dy * devicePixelRatio);
      }
    }
    navigation.point(pixelOf(event));
  });
  element.addEventListener('pointerup', event => {
    if (drag !== undefined && !drag.moved) {
      const { x, y } = pixelOf(event);
      navigation.pick(x, y);
    }
    drag = undefined;
  });
  element.addEventListener('pointercancel', () => {
    drag = undefined;
  });
  element.addEventListener('pointerleave', () => navigation.point(undefined));
  element.addEventListener('dblclick', () => navigation.fit());
  element.addEventListener(
    'wheel',
    event => {
      event.preventDefault();
      const { x, y } = pixelOf(event);
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
      navigation.zoomAt(Math.exp(-event.deltaY * lines * 0.002), x, y);
    },
    { passive: false },
  );
}

function keyAction(event: KeyboardEvent, navigation: Navigation): (() => void) | undefined {
  const { key, ctrlKey, shiftKey } = event;
  const cells = shiftKey ? 10 : 1;
  switch (key) {
    case 'ArrowLeft':
      return () => navigation.step(0, -cells);
    case 'ArrowRight':
      return () => navigation.step(0, cells);
    case 'ArrowUp':
      return () => navigation.step(-cells, 0);
    case 'ArrowDown':
      return () => navigation.step(cells, 0);
    case 'Home':
      return () => navigation.jump('first', ctrlKey);
    case 'End':
      return () => navigation.jump('last', ctrlKey);
    case 'PageUp':
      return () => navigation.page(-1);
    case 'PageDown':
      return () => navigation.page(1);
    default:
  }
  if (ctrlKey) return undefined;
  switch (key) {
    case '+':
    case '=':
      return () => navigation.zoom(1.5);
    case '-':
      return () => navigation.zoom(1 / 1.5);
    case '0':
      return () => navigation.fit();
    case 'Enter':
      return () => navigation.reveal();
    case 'Escape':
      return () => navigation.leave();
    case 'g':
      return () => navigation.askCell('');
    default:
      // 0 alone shows the whole mask; every other position begins with another digit.
      return /^[1-9]$/.test(key) ? () => navigation.askCell(key) : undefined;
  }
}

/** `i, j` or `i j` as two positions, in the numbers of the language; undefined for anything else. */
export function parseCell(text: string, position: (text: string) => number | undefined): Cell | undefined {
  const [i, j, more] = text
    .trim()
    .split(/\s*,\s*|\s+/)
    .map(position);
  return i === undefined || j === undefined || more !== undefined ? undefined : { row: i, column: j };
}
