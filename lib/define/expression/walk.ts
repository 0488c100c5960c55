import type { Expression } from '../../kernel/expression/nodes.ts';

/** The nodes right below a node. A new kind of node does not compile until it is listed here. */
export function children(node: Expression): readonly Expression[] {
  switch (node.kind) {
    case 'field':
    case 'literal':
      return [];
    case 'arithmetic':
    case 'comparison':
      return [node.left, node.right];
    case 'and':
    case 'or':
      return node.operands;
    case 'inList':
      return [node.value, ...node.list];
    case 'coalesce':
      return node.values;
    case 'if':
      return [node.condition, node.then, node.otherwise];
    case 'contains':
      return [node.value, node.needle];
    case 'startsWith':
      return [node.value, node.prefix];
    case 'struct':
      return node.fields.map(f => f.value);
    case 'call':
      return node.arguments;
    case 'negate':
    case 'not':
    case 'isNull':
    case 'lower':
    case 'length':
    case 'splitElement':
    case 'regexMatch':
    case 'datePart':
    case 'dateTruncate':
    case 'cast':
    case 'hashBucket':
      return [node.value];
    default:
      return node satisfies never;
  }
}

/** The node and all below it. */
export function* walk(node: Expression): Generator<Expression> {
  yield node;
  for (const child of children(node)) yield* walk(child);
}
