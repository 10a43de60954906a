import { jsonText } from '../../runtime/export/json.ts';

/**
 * A result as `--json` prints it: one object that says what it is. The version of a kind grows when a field changes its
 * meaning or goes away; new fields do not change it. docs/schema.json describes every kind.
 */
export function jsonDocument(kind: string, fields: object): string {
  return jsonText({ format: `sparse-attention/${kind}`, version: 1, ...fields });
}
