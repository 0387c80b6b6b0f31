import type { Parameter } from './operation.ts';
import { distinctName, parameterName } from './parameter-name.ts';
import type { PathNode } from './path-node.ts';

/** The template that these nodes are, from the first segment on, and its parameters. */
export function templateText(nodes: readonly PathNode[]): {
  readonly template: string;
  readonly parameters: readonly Parameter[];
} {
  const parameters: Parameter[] = [];
  const names = new Set<string>();
  let template = '';
  for (const [index, node] of nodes.entries()) {
    template += '/';
    if (node.text !== null) template += node.text;
    else {
      const name = distinctName(node.name ?? parameterName(node.parent?.text ?? null), names);
      names.add(name);
      parameters.push({ index, name, type: node.type });
      template += `{${name}}`;
    }
  }
  return { template, parameters };
}
