import { entity, string } from '../../lib/define/index.ts';

export const customer = entity('customer', {
  keys: { user: string() },
  description: 'Someone with an account at the shop; a third of the log has none.',
  owner: 'shop',
  tags: ['personal'],
});

export const item = entity('item', {
  keys: { item: string() },
  description: 'An article by its stock code. Codes such as POST and M are postage and manual bookings.',
  owner: 'shop',
});

export const country = entity('country', {
  keys: { country: string() },
  description: 'The country an invoice is addressed to, as the shop writes it.',
  owner: 'shop',
});

export const customerItem = entity('customer_item', {
  keys: { user: string(), item: string() },
  description: 'One customer and one article: what a customer has to do with an article on offer.',
  owner: 'shop',
  tags: ['personal'],
});
