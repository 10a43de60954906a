/** A model, a text or a mask that cannot be used together; the message tells people what differs. */
export class LanguageModelError extends Error {
  override readonly name = 'LanguageModelError';
}
