import type { ActiveEditor } from './active-editor.ts';
import type { HostRuns } from './host-runs.ts';
import type { OtherName } from './messages.ts';
import type { SavePicture } from './save-picture.ts';

/** Where attention ran: a backend (`gpu`, `cpu`...) and what it runs on, in words. */
export interface RanOn {
  readonly backend: string;
  readonly device: string;
}

/** Asks for a declaration to compare with; undefined when nobody answers. */
export type ChooseOther = (shown: string | null) => Promise<OtherName | undefined>;

/** What a preview asks of the editor around it. */
export interface PreviewTools {
  readonly chooseOther: ChooseOther;
  readonly savePicture: SavePicture;
  readonly runs: HostRuns;
  readonly editor: ActiveEditor;
}
