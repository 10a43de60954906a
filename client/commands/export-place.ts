import * as vscode from 'vscode';
import type { Model } from '../../runtime/pattern/ir.ts';
import type { PreviewView } from '../preview/messages.ts';
import type { Place } from './export-choice.ts';

interface PlaceItem extends vscode.QuickPickItem {
  readonly place: Place;
}

/** A head, or all heads of a layer: the only one there is; else what is picked, of what the preview shows or of the rules. */
export async function choosePlace(model: Model, shown: PreviewView | undefined): Promise<Place | undefined> {
  if (model.layers === 1 && model.heads === 1) return { layer: 0, head: 0 };
  const items = shown === undefined ? firstOfRules(model) : [headItem(shown.layer, shown.head, 'shown in the preview')];
  if (model.heads > 1) {
    const layers = new Set(items.map(({ place }) => place.layer));
    for (const layer of layers)
      items.push({
        label: `Layer ${layer}, all ${model.heads} heads`,
        description: 'a mask for each, where the format holds several',
        place: { layer, head: 'all' },
      });
  }
  if (items.length === 1) return items[0]?.place;
  const choice = await vscode.window.showQuickPick(items, {
    title: 'Export Mask',
    placeHolder: `Which masks of ${model.name}`,
  });
  return choice?.place;
}

function firstOfRules(model: Model): PlaceItem[] {
  return model.rules.flatMap(({ layers, heads }) => {
    const [layer, head] = [layers[0], heads[0]];
    return layer === undefined || head === undefined
      ? []
      : [headItem(layer, head, `one of ${layers.length} layers and ${heads.length} heads of this rule`)];
  });
}

function headItem(layer: number, head: number, description: string): PlaceItem {
  return { label: `Layer ${layer}, head ${head}`, description, place: { layer, head } };
}
