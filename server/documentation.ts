import { type AstNode, CstUtils } from 'langium';
import type { Primitive, Parameter as PrimitiveParameter } from '../runtime/pattern/primitive.ts';
import type { PatternDeclaration } from './generated/ast.ts';
import { textOf } from './source.ts';
import { parameterType } from './types.ts';

/** The `/** ... *\/` comment before a declaration, as Markdown; empty when there is none. */
export function documentationOf(node: AstNode): string {
  return documentationIn(CstUtils.findCommentNode(node.$cstNode, ['ML_COMMENT'])?.text ?? '');
}

/** What a comment says as documentation; empty when it is none. */
export function documentationIn(comment: string): string {
  if (!comment.startsWith('/**') || comment === '/**/') return '';
  return comment
    .replace(/^\/\*\*/, '')
    .replace(/\*\/$/, '')
    .split(/\r?\n/)
    .map(line => line.replace(/^\s*\*? ?/, ''))
    .join('\n')
    .trim();
}

/** A declared pattern as it would be called: `longformer(size: number = 512, tokens: positions = [0])`. */
export function patternSignature(declaration: PatternDeclaration): string {
  if (declaration.parameters.length === 0) return declaration.name;
  const parameters = declaration.parameters.map(parameter => {
    const type = parameterType(parameter);
    const written = type === 'unknown' || type === 'condition' ? '' : `: ${type}`;
    return `${parameter.name}${written}${parameter.default === undefined ? '' : ` = ${textOf(parameter.default)}`}`;
  });
  return `${declaration.name}(${parameters.join(', ')})`;
}

/** A primitive as it would be called: `window(size?: number, dilation: number = 1)`. */
export function primitiveSignature(primitive: Primitive): string {
  const parameters = primitive.parameters.map(
    ({ name, type, default: value, optional }) =>
      `${name}${optional === true ? '?' : ''}: ${type}${value === undefined ? '' : ` = ${value}`}`,
  );
  return `${primitive.name}(${parameters.join(', ')})`;
}

export function parameterDocumentation({
  name,
  type,
  unit,
  documentation,
  default: value,
}: PrimitiveParameter): string {
  const of = unit === undefined ? type : `${type}, ${unit}`;
  return `\`${name}\` (${of}${value === undefined ? '' : `, default ${value}`}): ${documentation}`;
}

/** All that the registry says about a primitive, as Markdown. */
export function primitiveDocumentation(primitive: Primitive): string {
  const parts = [primitive.summary, `Query \`i\` attends to key \`j\` when \`${primitive.condition}\`.`];
  if (primitive.details !== '') parts.push(primitive.details);
  if (primitive.parameters.length > 0)
    parts.push(primitive.parameters.map(parameter => `- ${parameterDocumentation(parameter)}`).join('\n'));
  if (primitive.source !== '') parts.push(`*${primitive.source}*`);
  return parts.join('\n\n');
}

/** Source text as a block that the editor colours. */
export function codeBlock(code: string): string {
  return `\`\`\`sparse\n${code}\n\`\`\``;
}
