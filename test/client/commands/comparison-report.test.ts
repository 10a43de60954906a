import { describe, expect, test } from 'vitest';
import { comparisonReport } from '../../../client/commands/comparison-report.ts';
import { compareModels } from '../../../runtime/analyse/compare-models.ts';
import type { Model } from '../../../runtime/pattern/ir.ts';
import { createLanguage, NO_FILES } from '../../../server/language.ts';

const language = createLanguage(NO_FILES);
const side = (name: string, file = 'a.sparse') => ({ name, file, link: `file:///${file}#L1,9` });

async function lowered(name: string, text: string): Promise<Model> {
  return (await language.open('memory:///report.sparse', text)).lower(name);
}

describe('the report of a comparison', () => {
  test('says the verdict, the counts and the first difference', async () => {
    const a = await lowered('near', 'pattern near = sliding(8)');
    const b = await lowered('wide', 'pattern wide = sliding(16)');
    expect(comparisonReport(side('near'), side('wide'), compareModels(a, b, { tokens: 4096 }))).toBe(
      `# near and wide

- first: near, [a.sparse](file:///a.sparse#L1,9)
- second: wide, [a.sparse](file:///a.sparse#L1,9)
- 4,096 tokens

near is **contained** in wide, which holds 32,676 pairs more.

|              |  pairs |
| ------------ | -----: |
| only in near |      0 |
| only in wide | 32,676 |
| in both      | 32,740 |

First difference: query 8 attends to key 0 in wide only.
`,
    );
  });

  test('has a section for each pair of masks of a model', async () => {
    const base = 'tokens = 64 layers = 2 heads = 2 head_dim = 8';
    const a = await lowered('M', `model M { ${base} attention = causal() }`);
    const b = await lowered('M', `model M { ${base} attention = causal() attention layers [1] = !causal() }`);
    const text = comparisonReport(side('M'), side('M', 'b.sparse'), compareModels(a, b));
    expect(text).toContain('# M (a.sparse) and M (b.sparse)\n');
    expect(text).toContain('## Layer 0, all 2 heads\n\nM (a.sparse) and M (b.sparse) are **equal**');
    expect(text).toContain('## Layer 1, all 2 heads\n\nM (a.sparse) and M (b.sparse) are **disjoint**');
  });
});
