/** What a file is about when nobody says which of its declarations is meant: its only model, or all that it declares. */
export function onlyDeclaration<T extends { readonly kind: 'pattern' | 'model' }>(
  declarations: readonly T[],
): T | undefined {
  const models = declarations.filter(({ kind }) => kind === 'model');
  if (models.length === 1) return models[0];
  return declarations.length === 1 ? declarations[0] : undefined;
}
