import { EVERYTHING, NOTHING } from './algebra.ts';
import { Progression } from './difference-mask.ts';
import { N, N_SQUARED } from './growth.ts';
import type { Primitive } from './primitive.ts';

export const full: Primitive = {
  name: 'full',
  summary: 'Every query attends to every key.',
  condition: 'true',
  details: '',
  source: 'Vaswani et al., Attention Is All You Need, 2017',
  parameters: [],
  snippets: ['full()'],
  example: 'full()',
  limits: true,
  bind: () => EVERYTHING,
  terms: () => [N_SQUARED],
};

export const none: Primitive = {
  name: 'none',
  summary: 'No query attends to any key.',
  condition: 'false',
  details: 'A query without keys has the output zero and the log-sum-exp -inf.',
  source: '',
  parameters: [],
  snippets: ['none()'],
  example: 'none()',
  bind: () => NOTHING,
  terms: () => [],
};

export const diagonal: Primitive = {
  name: 'diagonal',
  summary: 'Every query attends to itself alone.',
  condition: 'i == j',
  details: '',
  source: '',
  parameters: [],
  snippets: ['diagonal()'],
  example: 'diagonal()',
  bind: () => new Progression(0, 0),
  terms: () => [N],
};

export const causal: Primitive = {
  name: 'causal',
  summary: 'Every query attends to itself and to all keys before it.',
  condition: 'j <= i',
  details: '',
  source: 'Vaswani et al., Attention Is All You Need, 2017',
  parameters: [],
  snippets: ['causal()'],
  example: 'causal()',
  limits: true,
  bind: () => new Progression(0, Number.POSITIVE_INFINITY),
  terms: () => [N_SQUARED],
};
