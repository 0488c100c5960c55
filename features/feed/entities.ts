import { entity, string } from '../../lib/define/index.ts';

export const user = entity('user', {
  keys: { user: string() },
  description: 'Someone who watches the feed.',
  owner: 'accounts',
  tags: ['personal'],
});

export const item = entity('item', {
  keys: { item: string() },
  description: 'A video.',
  owner: 'content',
});

export const author = entity('author', {
  keys: { author: string() },
  description: 'Someone whose videos are in the feed.',
  owner: 'content',
});

export const userAuthor = entity('user_author', {
  keys: { user: string(), author: string() },
  description: 'A user and an author: what one has to do with the other.',
  owner: 'accounts',
  tags: ['personal'],
});
