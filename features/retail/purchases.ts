import { decimal, int, oneOf, stream, string, timestamp } from '../../lib/define/index.ts';

/**
 * The invoice lines of a British online shop for gifts (Online Retail, see data/NOTICE.md). The log has no event
 * id of its own, so each line carries its number in the file; sending a line twice within the hour counts once.
 */
export const purchases = stream('purchases', {
  schema: {
    line: int().describe('The number of the line in the log, from 1.'),
    ts: timestamp().describe('When the invoice was written, to the minute.'),
    user: string().nullable().tag('personal').describe('The customer; null for sales without an account.'),
    item: string().describe('The stock code.'),
    type: oneOf('purchase', 'cancel', 'adjust'),
    invoice: string().describe('The invoice number; cancellations begin with C, adjustments with A.'),
    qty: int().describe('Units; negative on cancellations and corrections.'),
    price: decimal(3).describe('Price of one unit in GBP; negative only on adjustments.'),
    country: string(),
  },
  eventTime: 'ts',
  key: 'item',
  dedupe: { by: 'line', within: '1h' },
  description: 'One line of an invoice: bought, cancelled, or adjusted by hand.',
  owner: 'shop',
});
